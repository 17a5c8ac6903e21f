"""Imports: what becomes of each file."""

import io

import numpy as np
import pytest
from django.conf import settings
from PIL import Image as Picture

from accounts import system
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from engagements.services import open_engagement
from lepton.lib import storage
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import decoder, filing, importer, services
from training.engine.preprocess import decode
from training.models import Dataset, Image, Item

pytestmark = pytest.mark.django_db(transaction=True)
ORIENTATION = 0x0112


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def import_files(acme, alice, engagement):
    """Import files to the end and give the rows by path."""

    def run(files, **options):
        done = imports.run(acme, engagement, alice, zipped(files), **options)
        assert done.state == "succeeded", (done.cause, done.hint)
        assert done.files_done == done.files_total == len(files)
        return imports.rows(acme, done)

    return run


def outcomes(rows):
    return {path: row.outcome for path, row in rows.items()}


def stored_pixels(tenant, path):
    with tenant_scope(tenant):
        key = Item.objects.select_related("image").get(path=path).image.storage_key
    return decode(storage.get(key))


def test_class_folders_become_labels(acme, import_files):
    import_files(two_classes(3))
    assert set(imports.items(acme).values()) == {("ok", "", ""), ("scratch", "", "")}


def test_split_folders_become_splits_also_inside_a_common_folder(acme, import_files):
    import_files(
        {
            "set/train/ok/1.png": picture(1),
            "set/val/ok/2.png": picture(2),
            "set/test/scratch/3.png": picture(3),
            "set/README.txt": b"about this set",
        }
    )
    assert set(imports.items(acme).values()) == {
        ("ok", "train", ""),
        ("ok", "valid", ""),
        ("scratch", "test", ""),
    }


def test_what_is_no_usable_image_is_named_with_reason_and_fix(import_files):
    rows = import_files(
        {
            "ok/good.png": picture(1),
            "ok/text.jpg": b"this is a text that calls itself a photograph",
            "ok/empty.png": b"",
            "ok/notes.txt": b"notes",
            "ok/tiny.png": picture(2, size=(15, 40)),
            "ok/cut.jpg": picture(3, size=(200, 200), format="JPEG")[:4000],
            "root.png": picture(4),
            "unheard/of.png": picture(5),
            "ok/.DS_Store": b"x",
            "ok/Thumbs.db": b"x",
        }
    )
    assert outcomes(rows) == {
        "ok/good.png": "accepted",
        "ok/text.jpg": "corrupt",
        "ok/empty.png": "corrupt",
        "ok/notes.txt": "corrupt",
        "ok/tiny.png": "too_small",
        "ok/cut.jpg": "corrupt",
        "root.png": "unlabelled",
        "unheard/of.png": "unknown_label",
        "ok/.DS_Store": "ignored",
        "ok/Thumbs.db": "ignored",
    }
    assert rows["ok/text.jpg"].reason == "This is not an image in a format we know."
    assert rows["ok/tiny.png"].reason.startswith("The image is 15 × 40 pixels")
    assert "damaged" in rows["ok/cut.jpg"].reason
    assert "(ok, scratch)" in rows["unheard/of.png"].reason
    assert "add the class to the requirement" in rows["unheard/of.png"].fix
    assert rows["root.png"].fix.startswith("Label it under Data")
    assert all(row.reason and row.fix for path, row in rows.items() if path != "ok/good.png")


def test_without_a_requirement_the_folders_define_the_classes(acme, alice):
    with tenant_scope(acme):
        engagement = open_engagement("Free", by=alice)
    files = {"cat/1.png": picture(1), "dog/2.png": picture(2)}
    imports.run(acme, engagement, alice, zipped(files))
    assert {label for label, _split, _group in imports.items(acme).values()} == {"cat", "dog"}


def test_a_60_megapixel_png_is_too_large_and_does_not_harm_its_neighbours(import_files):
    huge = io.BytesIO()
    Picture.new("1", (10_000, 6_000)).save(huge, "PNG")
    rows = import_files({"ok/huge.png": huge.getvalue(), "ok/good.png": picture(1)})
    assert outcomes(rows) == {"ok/huge.png": "too_large", "ok/good.png": "accepted"}
    assert "25 megapixels" in rows["ok/huge.png"].reason


def test_an_image_that_kills_the_decoder_costs_only_itself(import_files, monkeypatch):
    asked = decoder.Decoder._ask

    def poisonous(self, data):
        if data == b"poison":
            self._start()
            self._process.kill()
        return asked(self, data) if data != b"poison" else self._frame(9e9)

    monkeypatch.setattr(decoder.Decoder, "_ask", poisonous)
    files = {"ok/1.png": picture(1), "ok/2.jpg": b"poison", "ok/3.png": picture(3)}
    rows = import_files(files)
    assert outcomes(rows) == {"ok/1.png": "accepted", "ok/2.jpg": "corrupt", "ok/3.png": "accepted"}
    assert "more memory or time" in rows["ok/2.jpg"].reason


def test_where_the_decoder_does_not_start_no_image_is_blamed(
    acme, alice, engagement, monkeypatch, tmp_path
):
    waiting = imports.start(acme, engagement, alice, zipped(two_classes(2)))
    with monkeypatch.context() as broken:
        broken.setattr(decoder.sys, "executable", str(tmp_path / "nothing"))
        broken.setattr(settings, "LEPTON_LEASE_SECONDS", 9)  # again after a second
        imports.work()
    told = imports.again(acme, waiting)
    assert not told.has_ended and "does not start" in told.cause
    assert not imports.rows(acme, waiting)
    while not imports.again(acme, waiting).has_ended:
        imports.work()
    assert set(outcomes(imports.rows(acme, waiting)).values()) == {"accepted"}


def test_a_cmyk_a_16_bit_and_a_turned_image_are_kept_the_right_way_up(acme, import_files):
    left_red = Picture.new("RGB", (60, 40), "blue")
    left_red.paste("red", (0, 0, 30, 40))
    cmyk, turned, deep = io.BytesIO(), io.BytesIO(), io.BytesIO()
    left_red.convert("CMYK").save(cmyk, "JPEG", quality=95)
    exif = Picture.Exif()
    exif[ORIENTATION] = 6  # shown after a quarter turn clockwise
    left_red.save(turned, "JPEG", quality=95, exif=exif)
    ramp = np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16)
    Picture.fromarray(ramp).save(deep, "PNG")
    rows = import_files(
        {
            "ok/cmyk.jpg": cmyk.getvalue(),
            "ok/turned.jpg": turned.getvalue(),
            "ok/deep.png": deep.getvalue(),
        }
    )
    assert set(outcomes(rows).values()) == {"accepted"}
    plain = stored_pixels(acme, "ok/cmyk.jpg")
    assert plain.shape == (40, 60, 3) and plain[20, 5, 0] > 200 and plain[20, 55, 2] > 200
    upright = stored_pixels(acme, "ok/turned.jpg")
    assert upright.shape == (60, 40, 3) and upright[5, 20, 0] > 200 and upright[55, 20, 2] > 200
    eight_bits = stored_pixels(acme, "ok/deep.png")[..., 0].astype(int)
    assert np.abs(eight_bits - np.round(ramp / 257)).max() <= 1


def test_metadata_never_reaches_storage(acme, import_files, tmp_path):
    exif = Picture.Exif()
    exif[0x010F] = "Secret camera"
    photo = picture(1, format="JPEG", exif=exif, comment=b"a secret comment")
    assert b"Secret camera" in photo
    import_files({"ok/photo.jpg": photo, "ok/photo2.png": picture(2)})
    everything = b"".join(f.read_bytes() for f in (tmp_path / "storage").rglob("*") if f.is_file())
    assert everything and b"ecret" not in everything
    assert np.array_equal(stored_pixels(acme, "ok/photo.jpg"), decode(photo))


def test_the_same_file_twice_is_kept_once_and_named(acme, import_files):
    rows = import_files({"ok/1.png": picture(1), "ok/again.png": picture(1)})
    assert outcomes(rows) == {"ok/1.png": "accepted", "ok/again.png": "duplicate"}
    assert rows["ok/again.png"].reason == "Duplicate of ok/1.png."
    assert len(imports.items(acme)) == 1


def test_a_copy_with_other_metadata_is_a_duplicate_too(import_files):
    photo = picture(1, format="JPEG")
    noted = picture(1, format="JPEG", comment=b"exported again")
    rows = import_files({"ok/1.jpg": photo, "ok/2.jpg": noted})
    assert outcomes(rows) == {"ok/1.jpg": "accepted", "ok/2.jpg": "duplicate"}


def test_the_same_image_under_two_labels_is_a_conflict(acme, import_files):
    rows = import_files({"ok/1.png": picture(1), "scratch/1.png": picture(1)})
    assert outcomes(rows) == {"ok/1.png": "accepted", "scratch/1.png": "conflict"}
    assert rows["scratch/1.png"].reason == "The same image is there as “ok”: ok/1.png."
    assert imports.items(acme) == {"ok/1.png": ("ok", "", "")}


def test_the_same_zip_again_adds_nothing(acme, import_files):
    import_files(two_classes(3))
    rows = import_files(two_classes(3))
    assert set(outcomes(rows).values()) == {"duplicate"}
    assert len(imports.items(acme)) == 6
    with tenant_scope(acme):
        assert Image.objects.count() == 6


def test_splits_can_be_given_later_with_the_same_zip(acme, import_files):
    files = {"ok/1.png": picture(1)}
    import_files(files)
    rows = import_files(files, splits="file,split,group\nok/1.png,test,part-9\n")
    assert rows["ok/1.png"].reason.startswith("Duplicate of ok/1.png, which took the split")
    assert imports.items(acme) == {"ok/1.png": ("ok", "test", "part-9")}


def test_a_splits_file_gives_label_split_and_group(acme, import_files):
    lines = "file,label,split,group\r\na.png,ok,train,p1\r\ndeep/b.png,scratch,validation,\r\n"
    import_files({"a.png": picture(1), "deep/b.png": picture(2)}, splits=lines)
    assert imports.items(acme) == {
        "a.png": ("ok", "train", "p1"),
        "deep/b.png": ("scratch", "valid", ""),
    }


def test_tenants_keep_their_own_copies(acme, alice, carol, engagement):
    globex = system.tenants_of(carol)[0]
    theirs = factories.engagement(globex, carol)
    for tenant, person, where in ((acme, alice, engagement), (globex, carol, theirs)):
        imports.run(tenant, where, person, zipped({"ok/1.png": picture(1)}))
        with tenant_scope(tenant):
            assert Image.objects.get().storage_key.startswith(f"tenants/{tenant.pk}/images/")


def test_the_upload_is_gone_and_the_timeline_says_what_happened(acme, import_files, tmp_path):
    import_files(two_classes(2) | {"ok/notes.txt": b"x"})
    assert not list((tmp_path / "storage").rglob("*.zip"))
    with tenant_scope(acme):
        entry = TimelineEntry.objects.get(kind="import.finished")
        assert entry.params == {"source": "pictures.zip", "total": 5, "accepted": 4}
        assert Dataset.objects.get().name == "Images"


def test_a_broken_worker_is_continued_where_it_stopped(
    acme, alice, engagement, monkeypatch, settings
):
    settings.LEPTON_LEASE_SECONDS = 0.2
    monkeypatch.setattr(importer, "BATCH", 2)
    waiting = imports.start(acme, engagement, alice, zipped(two_classes(4)))
    write, written = filing.file_batch, []

    def breaks_once(import_, findings):
        if len(written) == 2:
            written.append("broken")
            raise ConnectionError("the database went away")
        written.append([f.path for f in findings])
        write(import_, findings)

    monkeypatch.setattr(filing, "file_batch", breaks_once)
    while not imports.again(acme, waiting).has_ended:
        imports.work()
    assert [path for batch in written if batch != "broken" for path in batch] == list(
        two_classes(4)
    )
    assert set(outcomes(imports.rows(acme, waiting)).values()) == {"accepted"}


def test_a_cancel_acts_within_a_batch_and_keeps_what_was_accepted(
    acme, alice, engagement, monkeypatch
):
    monkeypatch.setattr(importer, "BATCH", 2)
    waiting = imports.start(acme, engagement, alice, zipped(two_classes(20)))
    look = importer.examine

    def cancelled_meanwhile(entries, *arguments, **options):
        if entries[0].position == 2:
            with tenant_scope(acme):
                services.cancel_import(waiting, by=alice)
        return look(entries, *arguments, **options)

    monkeypatch.setattr(importer, "examine", cancelled_meanwhile)
    imports.work()
    done = imports.again(acme, waiting)
    assert done.state == "cancelled" and done.files_done == len(imports.items(acme)) == 4
