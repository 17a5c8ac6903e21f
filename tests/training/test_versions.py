"""Dataset versions: frozen, split as given or by seed, and never frozen twice."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import manifest, versions
from training.models import Dataset, DatasetVersion, Item, VersionItem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def freeze(tenant, by, **options):
    with tenant_scope(tenant):
        return versions.freeze_version(Dataset.objects.get(), by=by, **options)


def test_a_version_is_stratified_by_seed(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(20)))
    version = freeze(acme, alice, seed=7)
    assert version.counts == {
        "train": {"ok": 14, "scratch": 14},
        "valid": {"ok": 3, "scratch": 3},
        "test": {"ok": 3, "scratch": 3},
    }
    assert version.split_policy == "stratified" and version.number == 1


def test_the_manifest_that_is_downloaded_has_the_versions_sha256(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    version = freeze(acme, alice)
    text = b"".join(manifest.csv_of(version))
    assert hashlib.sha256(text).hexdigest() == version.manifest_sha256
    assert text.startswith(b"sha256,path,label,split,group\n") and text.count(b"\n") == 11


def test_nothing_changed_gives_the_same_version_again(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    assert freeze(acme, alice).pk == freeze(acme, alice).pk
    assert freeze(acme, alice, seed=1).number == 2


def test_two_people_freezing_at_once_make_one_version(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))

    def alone(_n):
        try:
            return freeze(acme, alice).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(alone, range(4)))) == 1
    with tenant_scope(acme):
        assert DatasetVersion.objects.count() == 1
        assert VersionItem.objects.count() == 10


def test_given_splits_and_groups_are_kept(acme, alice, engagement):
    names = list(two_classes(4))
    lines = "".join(f"{n},{'test' if '/0' in n else 'train'},g{n[-5]}\n" for n in names)
    imports.run(
        acme, engagement, alice, zipped(two_classes(4)), splits=f"file,split,group\n{lines}"
    )
    version = freeze(acme, alice)
    assert version.split_policy == "given"
    assert version.counts["test"] == {"ok": 1, "scratch": 1}
    assert version.counts["train"] == {"ok": 3, "scratch": 3}
    with tenant_scope(acme):
        tested = version.items.filter(split="test").values_list("path", "group")
        assert sorted(tested) == [("ok/0.png", "g0"), ("scratch/0.png", "g0")]


def test_given_splits_can_be_set_aside(acme, alice, engagement):
    files = {f"train/{name}": data for name, data in two_classes(10).items()}
    imports.run(acme, engagement, alice, zipped(files))
    version = freeze(acme, alice, split_policy="stratified")
    assert version.images_in("test") == version.images_in("valid") == 4


@pytest.mark.parametrize(
    "files, words",
    [
        ({}, "There are no images yet"),
        ({f"ok/{n}.png": n for n in range(5)}, "a model needs at least two classes"),
        (
            {"scratch/0.png": 50, **{f"ok/{n}.png": n for n in range(5)}},
            "The class “scratch” has 1 image; it needs at least 3",
        ),
        (
            {
                **{f"train/ok/{n}.png": n for n in range(4)},
                **{f"train/scratch/{n}.png": 50 + n for n in range(4)},
                "test/ok/9.png": 9,
            },
            "The class “scratch” has 4 training and 0 test images",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused_by_name(acme, alice, engagement, files, words):
    if files:
        made = {name: picture(seed) for name, seed in files.items()}
        imports.run(acme, engagement, alice, zipped(made))
    else:
        imports.run(acme, engagement, alice, zipped({"ok/notes.txt": b"x"}))
    with pytest.raises(ValidationError, match=words):
        freeze(acme, alice)


def test_a_group_in_two_given_splits_is_refused_by_name(acme, alice, engagement):
    names = list(two_classes(4))
    lines = "".join(f"{n},{'test' if '/0' in n else 'train'},patient-3\n" for n in names)
    imports.run(
        acme, engagement, alice, zipped(two_classes(4)), splits=f"file,split,group\n{lines}"
    )
    with pytest.raises(ValidationError, match="“patient-3” is in several splits"):
        freeze(acme, alice)


def test_no_version_while_an_import_is_under_way(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    imports.start(acme, engagement, alice, zipped(two_classes(2)))
    with pytest.raises(ValidationError, match="An import into this dataset is under way"):
        freeze(acme, alice)


def test_what_changed_between_two_versions_is_counted(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(6)))
    before = freeze(acme, alice)
    with tenant_scope(acme):
        Item.objects.filter(path="ok/0.png").delete()
        Item.objects.filter(path="ok/1.png").update(label="scratch")
    imports.run(acme, engagement, alice, zipped({"ok/new.png": picture(999)}))
    after = freeze(acme, alice)
    with tenant_scope(acme):
        changed = versions.diff(before, after)
    assert (changed.added, changed.removed, changed.relabelled) == (1, 1, 1)


def test_a_version_can_neither_be_changed_nor_deleted(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    version = freeze(acme, alice)
    with tenant_scope(acme):
        for rows in (DatasetVersion.objects.filter(pk=version.pk), version.items.all()):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                rows.update(tenant=acme)
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                rows._raw_delete(using="default")
