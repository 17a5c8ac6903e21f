"""A model version looked at more closely, by page and API."""

import pytest

from accounts.scoping import tenant_scope
from engagements.models import Requirement
from tests import factories
from tests.training import made_of
from tests.training.test_model_pages import measured
from training.models import EvaluatedItem, Image

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme"


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def data(acme, alice, engagement):
    with tenant_scope(acme):
        return made_of.dataset_version(engagement, alice, {"train": 2, "valid": 1, "test": 20})


@pytest.fixture
def version(acme, alice, engagement, data):
    """Right on 18 of 20 ok plates and on 19 of 20 scratched ones."""
    with tenant_scope(acme):
        return measured(engagement, data, alice)


def page(version, name="", **query):
    words = "&".join(f"{k}={v}" for k, v in query.items())
    return f"/t/acme/e/{version.engagement_id}/models/{version.pk}/{name}?{words}"


def evaluation_of(acme, version):
    with tenant_scope(acme):
        return version.evaluations.get().pk


def test_the_threshold_says_what_is_found_missed_and_what_it_costs(
    acme, alice, engagement, version, browse
):
    with tenant_scope(acme):
        costs = {"false_positive_cents": 40, "false_negative_cents": 9000}
        newest = engagement.requirement
        Requirement.objects.create(
            engagement=engagement,
            version=newest.version + 1,
            need=newest.need,
            classes=newest.classes,
            target=newest.target,
            created_by_label="Alice",
            **costs,
        )
    url = f"{API}/evaluations/{evaluation_of(acme, version)}/threshold"
    found = browse(alice).get(f"{url}?label=scratch&threshold=0.5").json()
    at = found["at"]
    assert (at["found"], at["missed"], at["alarms"], at["passed"]) == (19, 1, 2, 18)
    assert found["cents"] == 9000 + 2 * 40
    cheapest = browse(alice).get(f"{url}?label=scratch").json()
    assert cheapest["threshold"] == cheapest["cheapest"]["threshold"]
    assert cheapest["cents"] == cheapest["cheapest"]["cents"] <= found["cents"]
    shown = browse(alice).get(page(version, "threshold/", label="scratch", threshold=0.5))
    assert "2 false alarms" in shown.text and "1 missed" in shown.text and "90.80" in shown.text


def test_without_costs_there_is_no_cheapest_and_the_page_says_how_to_get_one(
    acme, alice, version, browse
):
    url = f"{API}/evaluations/{evaluation_of(acme, version)}/threshold"
    found = browse(alice).get(url).json()
    assert found["cents"] is None and found["threshold"] == 0.5
    assert "costs of a false positive" in browse(alice).get(page(version, "threshold/")).text


@pytest.mark.parametrize("query", ["label=rust", "threshold=2", "threshold=high"])
def test_the_api_names_a_wrong_question(acme, alice, version, browse, query):
    url = f"{API}/evaluations/{evaluation_of(acme, version)}/threshold?{query}"
    answer = browse(alice).get(url)
    assert answer.status_code == 400 and query.split("=")[0] in answer.json()["fields"]


def test_calibration_and_slices_are_shown_with_n(acme, alice, version, browse):
    with tenant_scope(acme):
        for place, image in enumerate(Image.objects.order_by("pk")):
            Image.objects.filter(pk=image.pk).update(brightness=place / 100, sharpness=0.1)
    found = browse(alice).get(f"{API}/evaluations/{evaluation_of(acme, version)}/closer").json()
    assert sum(one["n"] for one in found["calibration"]) == 40
    [brightness] = [one for one in found["slices"] if one["name"] == "brightness"]
    assert sum(row["n"] for row in brightness["rows"]) == 40 and len(brightness["rows"]) == 3
    shown = browse(alice).get(page(version, "closer/")).text
    assert "Well calibrated" in shown and "Brightness" in shown


def test_the_card_says_what_it_is_for_made_of_and_worth(acme, alice, carol, version, browse):
    card = browse(alice).get(page(version, "card/"))
    text = card.content.decode()
    assert card.headers["Content-Type"].startswith("text/markdown")
    for words in ("## Intended use", "92.5%", "80.1–97.4%", "| scratch |", "## Limits", "ab" * 32):
        assert words in text
    assert "&" not in text and "Nobody has decided on it yet." in text
    same = browse(alice).get(f"{API}/model-versions/{version.pk}/card")
    assert same.content == card.content
    assert browse(carol).get(page(version, "card/")).status_code == 404


def test_two_models_are_compared_row_by_row(acme, alice, engagement, data, version, browse):
    with tenant_scope(acme):
        better = measured(engagement, data, alice)
        wrong = EvaluatedItem.objects.filter(evaluation__model_version=better, label="ok")
        right = {"answer": "ok", "score": 0.9, "scores": [0.9, 0.1]}
        for item in wrong.exclude(answer="ok"):
            EvaluatedItem.objects.create(
                evaluation=item.evaluation, image=item.image, path=item.path, label="ok", **right
            )
        same = browse(alice).get(f"{API}/model-versions/{version.pk}/compare/{version.pk}").json()
    assert same["difference"] == 0 and same["p"] == 1 and same["n"] == 40
    url = f"/t/acme/e/{engagement.pk}/models/compare/?a={version.pk}&b={better.pk}"
    shown = browse(alice).get(url).text
    assert "These images do not tell the two apart" in shown and "McNemar" in shown
    assert "Compare" in browse(alice).get(f"/t/acme/e/{engagement.pk}/models/").text


def test_models_without_an_image_in_common_are_not_compared(
    acme, alice, mei, engagement, version, browse
):
    other = factories.engagement(acme, mei, "Another line")
    with tenant_scope(acme):
        data = made_of.dataset_version(
            other, alice, {"train": 2, "valid": 1, "test": 20}, classes=["cat", "dog"]
        )
        stranger = measured(other, data, alice)
    answer = browse(alice).get(f"{API}/model-versions/{version.pk}/compare/{stranger.pk}")
    assert answer.status_code == 404
    url = f"/t/acme/e/{engagement.pk}/models/compare/?a={version.pk}&b={stranger.pk}"
    assert "Choose two" in browse(alice).get(url).text
