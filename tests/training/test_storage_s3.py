"""S3 by setting: upload, import, version and signed link over real HTTP against a local server."""

import urllib.error
import urllib.request

import pytest

from accounts.scoping import tenant_scope
from lepton.lib import media, storage
from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped
from training.datasets import versions
from training.engine.preprocess import decode
from training.models import Dataset, Item

pytestmark = pytest.mark.django_db(transaction=True)


def keys(bucket):
    return [found.key for found in bucket.objects.all()]


def test_an_import_goes_through_the_bucket(acme, alice, bucket):
    engagement = factories.engagement(acme, alice)
    splits = "file,split\n" + "".join(f"{n},{s}\n" for n, s in _splits().items())
    waiting = imports.start(acme, engagement, alice, zipped(two_classes(4)), splits=splits)
    assert sum(key.endswith(".zip") for key in keys(bucket)) == 1
    imports.work()
    assert imports.again(acme, waiting).state == "succeeded"
    found = keys(bucket)
    assert len(found) == 8 and all(k.startswith(f"tenants/{acme.pk}/images/") for k in found)
    with tenant_scope(acme):
        version = versions.freeze_version(Dataset.objects.get(), by=alice)
        image = Item.objects.select_related("image").first().image
    assert version.images == 8
    assert decode(storage.get(image.storage_key)).shape == (30, 40, 3)


def test_a_signed_link_opens_the_image_and_nothing_else_does(acme, alice, bucket):
    engagement = factories.engagement(acme, alice)
    imports.run(acme, engagement, alice, zipped(two_classes(1)))
    with tenant_scope(acme):
        key = Item.objects.select_related("image").first().image.storage_key
    url = media.signed_url(key)
    assert "X-Amz-Expires=300" in url
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.read() == storage.get(key)


def test_a_missing_file_is_missing(bucket):
    with pytest.raises(FileNotFoundError):
        storage.get("tenants/none/images/00/none.png")


def _splits():
    return {name: "test" if "/0" in name else "train" for name in two_classes(4)}
