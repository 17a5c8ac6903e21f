"""Archives that are refused as a whole, each with its words and nothing half done."""

import io
import stat
import struct
import zipfile

import pytest

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import archive, importer
from training.models import Image, ImportRow, Item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def refused(acme, alice, tmp_path):
    """Import bytes, see that they are refused and left no trace; gives (cause, hint)."""
    engagement = factories.engagement(acme, alice)

    def run(data, **options):
        done = imports.run(acme, engagement, alice, data, **options)
        assert done.state == "failed"
        assert done.cause and done.hint
        with tenant_scope(acme):
            assert not ImportRow.objects.exists()
            assert not Item.objects.exists()
            assert not Image.objects.exists()
        assert not [f for f in (tmp_path / "storage").rglob("*") if f.is_file()]
        return done.cause, done.hint

    return run


def crafted(path, data=b"x", **facts):
    """A zip whose one entry is not what a proper program would write."""
    info = zipfile.ZipInfo(path)
    for name, value in facts.items():
        setattr(info, name, value)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("ok/1.png", picture(1))
        archive.writestr(info, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd.png",
        "/etc/passwd.png",
        "C:/1.png",
        "ok/../1.png",
        "ok//1.png",
        "ok/\n1.png",
    ],
)
def test_a_file_name_that_leads_out_of_its_folder(refused, path):
    cause, _hint = refused(crafted(path))
    assert "unsafe file name" in cause and repr(path) in cause


def test_a_file_name_with_backslashes(refused):
    cause, hint = refused(crafted("ok/2.png").replace(b"ok/2.png", b"ok\\2.png"))
    assert "unsafe file name" in cause and "forward slashes" in hint


def test_a_symbolic_link(refused):
    link = crafted("ok/link.png", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16)
    assert refused(link)[0] == "The archive holds a symbolic link: ok/link.png."


def test_an_encrypted_archive(refused):
    data = bytearray(zipped({"ok/1.png": picture(1)}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "encrypted" in refused(bytes(data))[0]


def test_a_compression_nobody_reads(refused):
    data = bytearray(zipped({"ok/1.png": picture(1)}))
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, 97)
    assert "compressed in a way we cannot read" in refused(bytes(data))[0]


def test_a_zip_bomb(refused):
    zeros = zipped({"ok/1.png": b"\0" * 20_000_000}, zipfile.ZIP_DEFLATED)
    assert len(zeros) < 100_000
    assert "as only a zip bomb does" in refused(zeros)[0]


def test_an_archive_that_unpacks_to_too_much(refused, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 10_000)
    cause, hint = refused(zipped(two_classes(5)))
    assert "The archive unpacks to" in cause and "several archives" in hint


def test_a_file_that_unpacks_to_more_than_it_declares_is_not_unpacked_further(acme, alice):
    data = bytearray(
        zipped({"ok/1.png": picture(1), "ok/2.png": b"\0" * 5000}, zipfile.ZIP_DEFLATED)
    )
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<L", data, at + 24, 100)  # the declared size of the second file
    engagement = factories.engagement(acme, alice)
    rows = imports.rows(acme, imports.run(acme, engagement, alice, bytes(data)))
    assert rows["ok/1.png"].outcome == "accepted"
    assert rows["ok/2.png"].outcome == "corrupt"


def test_one_file_too_many(refused, settings):
    settings.LEPTON_MAX_IMPORT_FILES = 5
    cause, _hint = refused(zipped(two_classes(3)))
    assert cause == "The archive holds 6 files: at most 5 are imported at once."


def test_20_001_files(refused):
    cause, _hint = refused(zipped({f"ok/{n}.png": b"" for n in range(20_001)}))
    assert "20001 files: at most 20000" in cause


def test_a_directory_too_large_to_be_read(refused, settings):
    settings.LEPTON_MAX_IMPORT_FILES = 10
    many = zipped({f"{'x' * 250}/{n}.png": b"" for n in range(4000)})
    assert "4000 files" in refused(many)[0]


def test_an_archive_without_files(refused):
    assert refused(zipped({"ok/": b""}))[0] == "The archive holds no files."


def test_half_a_zip(refused):
    data = zipped(two_classes())
    cause, _hint = refused(data[: len(data) // 2])
    assert cause == "The file is not a zip archive that can be read (its end is missing)."


def test_what_only_begins_like_a_zip(refused):
    assert "not a zip archive that can be read" in refused(b"PK\x03\x04" + b"x" * 500)[0]


@pytest.mark.parametrize(
    "lines, words",
    [
        ("file,split,colour\nok/0.png,train,red\n", "unknown column: colour"),
        ("file,label\nok/0.png,ok\n", "missing column: split"),
        ("file,split\nok/0.png,train\nok/9.png,test\n", "line 3: “ok/9.png” is not in the archive"),
        ("file,split\nok/0.png,holdout\n", "line 2: unknown split “holdout”"),
        ("file,split\nok/0.png,test\nok/0.png,train\n", "line 3: “ok/0.png” is named twice"),
        ("file,split\nok/0.png,test,x\n", "line 2: it does not have as many fields"),
        ('file,split\n"ok/0.png,test\n', "unexpected end of data"),
        ("", "missing column: file, split"),
    ],
)
def test_a_splits_file_with_a_mistake_names_the_line(refused, lines, words):
    cause, _hint = refused(zipped(two_classes(2)), splits=lines)
    assert cause.startswith("The splits file cannot be used:") and words in cause


def test_an_import_that_broke_off_three_times_fails_with_its_last_cause(
    acme, alice, monkeypatch, settings
):
    settings.LEPTON_LEASE_SECONDS = 0.1
    engagement = factories.engagement(acme, alice)
    waiting = imports.start(acme, engagement, alice, zipped(two_classes(2)))

    def crash(*arguments, **options):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(importer, "examine", crash)
    while not imports.again(acme, waiting).has_ended:
        imports.work()
    done = imports.again(acme, waiting)
    assert done.state == "failed" and "the disk is full" in done.cause
    assert done.attempt == 4
