"""Versions go out in the formats of others and come back without loss."""

import hashlib
import io
import json
import zipfile

import pytest

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import exports, splits, versions
from training.datasets.archive import BadArchive
from training.models import Dataset, Item

pytestmark = pytest.mark.django_db(transaction=True)
SPLITS = "file,split,label,group,meta.site,meta.shift\n" + "".join(
    f"{label}/{n}.png,{'test' if n > 2 else 'train'},{label},part {n % 3 if n < 3 else n},"
    f"{'north' if n % 2 else ''},{n}\n"
    for label in ("ok", "scratch")
    for n in range(5)
)


@pytest.fixture
def version(acme, alice):
    engagement = factories.engagement(acme, alice)
    imports.run(acme, engagement, alice, zipped(two_classes(5)), splits=SPLITS)
    with tenant_scope(acme):
        return versions.freeze_version(Dataset.objects.get(), by=alice)


def contents(tenant, version):
    with tenant_scope(tenant):
        rows = version.items.values_list("path", "label", "split", "group", "meta")
        return {path: facts for path, *facts in rows}


def export(kind, version) -> bytes:
    return b"".join(exports.KINDS[kind][2](version))


@pytest.mark.parametrize("kind", ["jsonl", "coco", "label-studio"])
def test_what_goes_out_comes_back_without_loss(kind, acme, version):
    before = contents(acme, version)
    lines = splits.parse(export(kind, version), list(before))
    found = {path: [one.label, one.split, one.group, one.meta] for path, one in lines.items()}
    assert found == before


def test_the_zip_alone_brings_everything_back(acme, alice, version):
    data = export("zip", version)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 11
    other = factories.engagement(acme, alice, "Another line")
    done = imports.run(acme, other, alice, data)
    outcomes = [row.outcome for row in imports.rows(acme, done).values()]
    assert sorted(outcomes) == ["accepted"] * 10 + ["ignored"]
    with tenant_scope(acme):
        again = versions.freeze_version(other.datasets.get(), by=alice)
        rows = [
            [
                (*row, sorted(meta.items()))
                for *row, meta in one.items.order_by("image__sha256").values_list(
                    "image__sha256", "label", "split", "group", "meta"
                )
            ]
            for one in (version, again)
        ]
    assert rows[0] == rows[1]


def test_annotations_label_a_zip_without_folders(acme, alice):
    engagement = factories.engagement(acme, alice)
    files = {f"images/{n}.png": picture(n) for n in range(6)}
    tasks = [
        {
            "data": {"image": f"/data/upload/7/{n}.png"},
            "annotations": [
                {"was_cancelled": True, "result": []},
                {"result": [{"type": "choices", "value": {"choices": [["ok", "scratch"][n % 2]]}}]},
            ],
        }
        for n in range(6)
    ]
    imports.run(acme, engagement, alice, zipped(files), splits=json.dumps(tasks))
    labels = {path: label for path, (label, _split, _group) in imports.items(acme).items()}
    assert labels == {f"images/{n}.png": ["ok", "scratch"][n % 2] for n in range(6)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"label": "ok"}', "line 1: it has no “file”"),
        ('{"file": "a.png"}\n{"file": ', "line 2"),
        ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "no “file_name”"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1, "category_id": 9}]}',
            "there is no category 9",
        ),
        ('[{"data": {"text": "hello"}}]', "task 1: it has no image"),
        (
            json.dumps(
                {
                    "images": [{"id": 1, "file_name": "a.png"}],
                    "categories": [{"id": 1, "name": "ok"}, {"id": 2, "name": "bad"}],
                    "annotations": [{"image_id": 1, "category_id": i} for i in (1, 2)],
                }
            ),
            "image 1 has several categories (bad, ok)",
        ),
        ('{"file": "b.png", "split": "train"}', "“b.png” is not in the archive"),
        ('{"file": "a.png", "split": "holdout"}', "unknown split “holdout”"),
    ],
)
def test_a_mistake_in_annotations_is_named(text, words):
    with pytest.raises(BadArchive) as refused:
        splits.parse(text.encode(), ["a.png"])
    assert words in str(refused.value.cause)


def test_members_download_every_format_and_strangers_none(acme, bob, carol, version, browse):
    page = f"/t/acme/e/{version.dataset.engagement_id}/data/versions/{version.pk}/"
    api = f"/api/v1/tenants/acme/dataset-versions/{version.pk}/export"
    shown = browse(bob).get(page).content.decode()
    for kind in exports.KINDS:
        assert f"{page}export/{kind}/" in shown
        answer = browse(bob).get(f"{page}export/{kind}/")
        assert answer.status_code == 200 and b"".join(answer.streaming_content)
        assert browse(carol).get(f"{page}export/{kind}/").status_code == 404
        assert b"".join(browse(bob).get(f"{api}/{kind}").streaming_content)
    assert browse(bob).get(f"{page}export/pickle/").status_code == 404
    assert browse(bob).get(f"{api}/pickle").status_code == 404


def test_metadata_is_kept_and_the_manifest_carries_it(acme, version):
    with tenant_scope(acme):
        item = version.items.get(path="ok/1.png")
        assert item.meta == {"site": "north", "shift": "1"}
        assert version.items.get(path="ok/2.png").meta == {"shift": "2"}  # an empty one is none
        assert version.meta_names == ["shift", "site"]
    text = export("csv", version).decode()
    assert text.splitlines()[0] == "sha256,path,label,split,group,meta.shift,meta.site"
    assert hashlib.sha256(text.encode()).hexdigest() == version.manifest_sha256


def test_other_metadata_makes_another_version(acme, alice, version):
    with tenant_scope(acme):
        Item.objects.filter(path="ok/1.png").update(meta={"site": "south"})
        again = versions.freeze_version(version.dataset, by=alice)
    assert (version.number, again.number) == (1, 2)
    assert again.test_sha256 == version.test_sha256  # the holdout of a contract stays


def test_a_column_that_is_no_metadata_is_named():
    with pytest.raises(BadArchive) as refused:
        splits.parse(b"file,split,site\na.png,train,north\n", ["a.png"])
    assert "unknown column: site" in str(refused.value.cause)
    assert "meta.site" in str(refused.value.hint)
    long = f"file,split,meta.site\na.png,train,{'x' * 201}\n".encode()
    with pytest.raises(BadArchive):
        splits.parse(long, ["a.png"])
