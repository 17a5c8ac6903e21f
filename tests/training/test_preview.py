"""A preview shows what augmentation does to an image of the data, before anything is trained."""

import io

import numpy as np
import pytest
from PIL import Image

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import made_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(acme, alice):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        return made_of.dataset_version(engagement, alice)


def pixels(client, version, number, **asked):
    url = f"/t/acme/e/{version.dataset.engagement_id}/runs/augmented/{version.pk}/{number}/"
    answer = client.get(url, asked)
    assert answer.headers["Content-Type"] == "image/jpeg"
    return np.asarray(Image.open(io.BytesIO(answer.content)), np.int16)


def test_without_augmentation_every_view_is_the_serving_view(alice, version, browse):
    client, plain = browse(alice), {"augmentation": "none", "views": "1"}
    served = pixels(client, version, 0, **plain)
    assert served.shape == (224, 224, 3)
    assert all(np.array_equal(served, pixels(client, version, n, **plain)) for n in (1, 2))


def test_augmented_views_differ_and_come_out_the_same_again(alice, version, browse):
    client, turns = browse(alice), {"augmentation": "turns", "views": "2"}
    served, first, second = (pixels(client, version, n, **turns) for n in range(3))
    assert not np.array_equal(served, first) and not np.array_equal(first, second)
    assert np.array_equal(first, pixels(client, version, 1, **turns))


def test_the_form_shows_the_preview_of_its_settings(acme, alice, bob, carol, version, browse):
    url = f"/t/acme/e/{version.dataset.engagement_id}/runs/"
    form = browse(alice).get(f"{url}start/", {"method": "fine_tune"}).content.decode()
    assert f"{url}augmented/" in form
    asked = {"dataset_version": str(version.pk), "augmentation": "turns", "views": "1"}
    shown = browse(bob).get(f"{url}augmented/", asked).content.decode()
    assert shown.count("<img") == 8 and "augmentation=turns&amp;views=1" in shown
    assert browse(carol).get(f"{url}augmented/", asked).status_code == 404
    assert browse(alice).get(f"{url}augmented/", {"dataset_version": "x"}).status_code == 404
