"""What was measured of the data, beside what was stated of it."""

import pytest
from django.urls import reverse

from accounts.scoping import tenant_scope
from engagements import services
from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped
from training.datasets import versions
from training.models import Dataset

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def _api(engagement):
    return f"/api/v1/tenants/acme/engagements/{engagement.pk}/characteristics"


def _freeze(acme, alice, engagement):
    files = two_classes(6)
    files |= {"ok/again.png": files["ok/0.png"], "scratch/broken.jpg": b"no picture"}
    imports.run(acme, engagement, alice, zipped(files))
    with tenant_scope(acme):
        versions.freeze_version(Dataset.objects.get(), by=alice)


def _state(acme, alice, engagement, **stated):
    with tenant_scope(acme):
        services.write_requirement(
            engagement, need="Find.", metric="accuracy", target="0.9", by=alice, **stated
        )


def test_before_there_is_data_nothing_is_measured(browse, alice, engagement):
    assert browse(alice).get(_api(engagement)).json() == {"measured": None, "compared": []}
    page = browse(alice).get(reverse("engagements:requirement", args=["acme", engagement.pk]))
    assert "Nothing measured yet" in page.text


def test_the_newest_version_is_measured(browse, acme, alice, engagement):
    _freeze(acme, alice, engagement)
    measured = browse(alice).get(_api(engagement)).json()["measured"]
    assert measured["images"] == 12 and measured["counts"] == {"ok": 6, "scratch": 6}
    assert sum(measured["splits"].values()) == 12
    assert measured["sizes"]["width"] == [40, 40, 40]
    assert measured["file_types"] == {"png": 12}
    assert measured["outcomes"] == {"accepted": 12, "duplicate": 1, "corrupt": 1}


def test_stated_and_measured_are_compared_in_words(browse, acme, alice, bob, engagement):
    _freeze(acme, alice, engagement)
    shares = {"ok": 0.8, "dent": 0.2}
    _state(acme, alice, engagement, classes=["ok", "dent"], stated_images=20, stated_shares=shares)
    rows = browse(alice).get(_api(engagement)).json()["compared"]
    assert [(row["verdict"], row["fits"]) for row in rows] == [
        ("8 images missing", False),
        ("the share differs by 30 points", False),
        ("missing", False),
        ("not asked for", False),
    ]
    page = browse(bob).get(reverse("engagements:requirement", args=["acme", engagement.pk])).text
    assert "8 images missing" in page and "least / middle / greatest" in page


def test_data_as_stated_fits(browse, acme, alice, engagement):
    _freeze(acme, alice, engagement)
    shares = {"ok": 0.55, "scratch": 0.45}
    _state(
        acme, alice, engagement, classes=["ok", "scratch"], stated_images=12, stated_shares=shares
    )
    rows = browse(alice).get(_api(engagement)).json()["compared"]
    assert [row["verdict"] for row in rows] == ["as stated"] * 3


def test_a_stranger_finds_no_figures(browse, carol, engagement):
    assert browse(carol).get(_api(engagement)).status_code == 404
