"""Slices by metadata: each part against the rest, with its interval, and chance set aside."""

import pytest

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import made_of
from tests.training.test_model_pages import measured
from training.models import Evaluation

pytestmark = pytest.mark.django_db
SITES = ("north", "south", "west")


def meta(seed):
    site = "east" if seed % 40 == 7 else SITES[seed % 3]
    return {"site": site, "age": str(20 + seed % 50)}


@pytest.fixture
def version(acme, alice):
    """A model whose validation answers are wrong for every second image of the south."""
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        counts = {"train": 2, "valid": 60, "test": 20}
        data = made_of.dataset_version(engagement, alice, counts, meta=meta)
        model = measured(engagement, data, alice)
        test = model.evaluations.get()
        facts = {f.name: getattr(test, f.name) for f in Evaluation._meta.fields if f.name != "id"}
        valid = Evaluation.objects.create(**facts | {"split": "valid", "n": 120})
        for place, item in enumerate(data.items.filter(split="valid").order_by("path")):
            is_wrong = item.meta["site"] == "south" and place % 2
            answer = {"ok": "scratch", "scratch": "ok"}[item.label] if is_wrong else item.label
            scores = [0.9, 0.1] if answer == "ok" else [0.1, 0.9]
            valid.items.create(
                image_id=item.image_id,
                path=item.path,
                label=item.label,
                answer=answer,
                score=0.9,
                scores=scores,
            )
    model.valid = valid
    return model


@pytest.fixture
def slices(version, browse, bob):
    url = f"/api/v1/tenants/acme/evaluations/{version.valid.pk}/closer"
    return {one["name"]: one for one in browse(bob).get(url).json()["slices"]}


def test_a_part_that_does_worse_is_told_with_its_gap(slices):
    site = slices["site"]
    rows = {row["name"]: row for row in site["rows"]}
    south, north = rows["south"], rows["north"]
    assert site["is_metadata"] and site["is_sure"]
    assert south["gap"] < -0.3 and south["gap_high"] < 0 and south["is_sure"]
    assert south["p"] < 0.001 and south["gap_low"] < south["gap"] < south["gap_high"]
    assert north["accuracy"] == 1 and north["n"] > 30
    assert site["gap"] == pytest.approx(1 - south["accuracy"])


def test_recall_is_told_by_class(slices):
    [south] = [row for row in slices["site"]["rows"] if row["name"] == "south"]
    assert {one["label"] for one in south["recalls"]} == {"ok", "scratch"}
    assert sum(one["n"] for one in south["recalls"]) == south["n"]


def test_a_part_with_too_few_images_has_no_figure(slices):
    assert "east" not in {row["name"] for row in slices["site"]["rows"]}
    assert slices["site"]["too_small"] == 1


def test_numbers_that_are_many_are_shown_as_thirds(slices):
    assert [row["name"] for row in slices["age"]["rows"]] == [
        "lower third",
        "middle third",
        "upper third",
    ]


def test_a_gap_within_chance_is_called_so(slices, version, browse, bob):
    assert not any(row["is_sure"] for row in slices["age"]["rows"])
    url = f"/t/acme/e/{version.engagement_id}/models/{version.pk}/closer/"
    page = browse(bob).get(url).text
    assert "not distinguishable from chance" in page and "Holm" in page and "site" in page


def test_strangers_see_no_slices(version, browse, carol):
    url = f"/api/v1/tenants/acme/evaluations/{version.valid.pk}/closer"
    assert browse(carol).get(url).status_code == 404
