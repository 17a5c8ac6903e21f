"""Images like one: by what a network saw, else by prints; with the gallery's filters and by API."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports, zips
from training.datasets import alike, similar, vectors
from training.models import Image, ImageVector, Item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def data(acme, alice, engagement):
    """Two classes; ok/0 is there once more, a little darker, as scratch/near."""
    files = zips.two_classes()
    pixels = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    from io import BytesIO

    from PIL import Image as Picture

    out = BytesIO()
    Picture.fromarray((pixels * 0.9).astype(np.uint8)).save(out, "PNG")
    return imports.run(
        acme, engagement, alice, zips.zipped(files | {"scratch/near.png": out.getvalue()})
    )


def item(acme, path):
    with tenant_scope(acme):
        return Item.objects.select_related("image").get(path=path)


def gallery(engagement, data):
    return reverse("training:data_gallery", args=["acme", engagement.pk, data.dataset_id])


def paths(answer):
    return [thumb["row"].path for thumb in answer.context["thumbs"]]


def test_without_features_prints_say_what_is_alike(browse, alice, acme, engagement, data):
    first = item(acme, "ok/0.png")
    shown = browse(alice).get(gallery(engagement, data), {"like": str(first.pk)})
    assert paths(shown)[0] == "scratch/near.png"
    assert "ok/0.png" not in paths(shown)
    assert len(paths(shown)) == 8
    words = shown.content.decode()
    assert "by their light and dark at 32 × 32 pixels, among 8 images" in words
    assert "like ok/0.png" in words


def test_likeness_combines_with_class_and_split(browse, alice, acme, engagement, data):
    first = item(acme, "ok/0.png")
    asked = {"like": str(first.pk), "label": "ok"}
    shown = browse(alice).get(gallery(engagement, data), asked)
    assert sorted(paths(shown)) == ["ok/1.png", "ok/2.png", "ok/3.png"]
    nothing = browse(alice).get(gallery(engagement, data), asked | {"split": "test"})
    assert paths(nothing) == []


def test_what_a_network_saw_goes_before_prints(browse, alice, acme, engagement, data):
    with tenant_scope(acme):
        images = list(Image.objects.order_by("items__path"))
    seen = np.random.default_rng(1).normal(size=(len(images), 512)) ** 2
    seen[3] = seen[0] + 0.01  # ok/3 looks like ok/0 to it
    ids = [image.pk for image in images]
    vectors.keep(acme.pk, ids[:-1], seen[:-1], network="resnet18", weights_sha256="a" * 64)
    first = item(acme, "ok/0.png")
    shown = browse(alice).get(gallery(engagement, data), {"like": str(first.pk)})
    assert paths(shown)[0] == "ok/3.png"
    assert "by what ResNet-18 sees, among 7 images" in shown.content.decode()


def test_the_api_tells_what_was_compared(browse, alice, carol, acme, engagement, data):
    first = item(acme, "ok/0.png")
    url = f"/api/v1/tenants/acme/datasets/{data.dataset_id}/like/{first.pk}"
    found = browse(alice).get(url).json()
    assert (found["network"], found["compared"]) == ("", 8)
    assert found["results"][0]["item"]["path"] == "scratch/near.png"
    assert found["results"][0]["similarity"] > 0.99
    narrowed = browse(alice).get(url, {"label": "ok"}).json()
    assert {one["item"]["label"] for one in narrowed["results"]} == {"ok"}
    assert browse(carol).get(url).status_code == 404


def test_pages_of_likeness_follow_each_other(browse, alice, acme, engagement, data, monkeypatch):
    from training import data_gallery

    monkeypatch.setattr(data_gallery, "THUMBS", 3)
    first = item(acme, "ok/0.png")
    seen, url = [], f"{gallery(engagement, data)}?like={first.pk}"
    while url:
        answer = browse(alice).get(url)
        seen += paths(answer)
        url = answer.context["pager"]["older_url"]
    assert len(seen) == len(set(seen)) == 8


def test_an_unknown_image_is_no_reason_to_fail(browse, alice, engagement, data):
    for wrong in ("x", "00000000-0000-0000-0000-000000000000"):
        answer = browse(alice).get(gallery(engagement, data), {"like": wrong})
        assert len(paths(answer)) == 9


def test_vectors_keep_the_angles_of_long_features():
    rng = np.random.default_rng(2)
    features = np.maximum(rng.normal(size=(60, 2048)), 0)
    features[30:] = features[:30] + 0.5 * np.maximum(rng.normal(size=(30, 2048)), 0)
    kept = vectors.unpacked(vectors.packed(features))
    centred = features - features.mean(0)
    exact = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.abs(kept @ kept.T - exact @ exact.T).max() < 0.35
    assert ((kept[:30] @ kept[30:].T).argmax(1) == np.arange(30)).all()


def test_likeness_of_prints_is_their_correlation():
    prints = np.random.default_rng(3).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    found = alike.similarities(prints, prints[2])
    expected = [
        max(
            np.corrcoef(one.ravel(), other.ravel())[0, 1]
            for other in (prints[2], prints[2][:, ::-1])
        )
        for one in prints
    ]
    assert found == pytest.approx(expected, abs=1e-4)


def test_vectors_of_another_tenant_are_not_seen(acme, alice, engagement, data):
    first = item(acme, "ok/0.png")
    with tenant_scope(acme):
        assert not ImageVector.objects.exists()
        found = similar.to(first, first.dataset.items.included())
    assert found.network == ""


def test_the_gallery_asks_no_more_of_the_database_for_more_images(
    browse, alice, acme, engagement, data
):
    def queries(**asked):
        with CaptureQueriesContext(connection) as seen:
            browse(alice).get(gallery(engagement, data), asked)
        return len(seen)

    first = item(acme, "ok/0.png")
    ways = [{}, {"label": "ok"}, {"show": "unlabelled"}, {"like": str(first.pk)}]
    before = [queries(**way) for way in ways]
    files = zips.two_classes(9, first_seed=50) | {
        f"{n}.png": zips.picture(300 + n) for n in range(9)
    }
    imports.run(acme, engagement, alice, zips.zipped(files))
    assert [queries(**way) for way in ways] == before
