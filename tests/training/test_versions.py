"""Dataset versions: frozen, split as given or by seed, and never frozen twice."""

import hashlib

import pytest

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped
from training.datasets import manifest, versions
from training.models import Dataset

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
