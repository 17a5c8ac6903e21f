"""Live quality: realised accuracy from feedback, and what is estimated without labels."""

import random
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from accounts.scoping import tenant_scope
from feedback import services
from feedback.models import Feedback, Receipt
from feedback.monitoring import quality
from feedback.monitoring.periods import until_now
from lepton.demo import recount
from serving import rollups

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(place, predict, alice):
    """Give feedback to so many predictions of random classes; returns (said, was) of each."""

    def give(n, *, seed=0, **facts):
        draw, pairs = random.Random(seed), []
        for _row in range(n):
            said = draw.choice(["ok", "ok", "scratch"])
            was = said if draw.random() < 0.8 else {"ok": "scratch", "scratch": "ok"}[said]
            row = predict(label=said, **facts)
            told = {"verdict": "confirm"} if said == was else {"verdict": "correct", "label": was}
            with tenant_scope(place.tenant):
                services.give(row, **told, by=alice)
            pairs.append((said, was))
        return pairs

    with tenant_scope(place.tenant):
        Feedback.objects.all().delete()
    return give


def test_realised_figures_are_scikit_learns(answered, place, browse, bob):
    pairs = answered(80)
    said, was = ([pair[i] for pair in pairs] for i in (0, 1))
    found = browse(bob).get(_api(place)).json()["realised"]
    assert found["n"] == 80
    assert found["accuracy"] == pytest.approx(accuracy_score(was, said))
    of_class = precision_recall_fscore_support(was, said, labels=["ok", "scratch"])
    for i, row in enumerate(found["per_class"]):
        for k, name in enumerate(("precision", "recall", "f1")):
            assert row[name] == pytest.approx(of_class[k][i])
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    mean = precision_recall_fscore_support(was, said, average="macro")
    assert found["macro_f1"] == pytest.approx(mean[2])


class Reader:
    """Reads the API as the recount's own client does, through the test client of one person."""

    def __init__(self, client):
        self.client, self.base = client, "/api/v1/tenants/acme"

    def get(self, path):
        return self.client.get(f"{self.base}/{path}").json()

    def every(self, path):
        return self.get(f"{path}{'&' if '?' in path else '?'}limit=500")["results"]


@pytest.fixture
def counted(answered, place, predict, alice, browse, bob):
    """Forty answers, one given anew and one input that was rejected; counts them again."""
    with tenant_scope(place.tenant):
        Receipt.objects.all().delete()
    answered(39)
    with tenant_scope(place.tenant):
        changed = predict(label="ok")
        services.give(changed, verdict="correct", label="scratch", by=alice)
        services.give(changed, verdict="confirm", by=alice)
        services.give(predict(label="ok"), verdict="reject", by=alice)
    where = (place.endpoint.slug, place.engagement.pk)
    return lambda: recount.compare(Reader(browse(bob)), *where)


def test_counted_again_from_log_and_answers_every_figure_is_the_same(counted):
    pairs, words = counted()
    names = {name for name, _theirs, _ours in pairs}
    assert {"version 1: accuracy_low", "all versions: recall of scratch"} <= names
    assert "version 1: n = 40" in words


def test_the_recount_finds_a_figure_that_is_off(counted, monkeypatch):
    monkeypatch.setattr(quality.Judged, "accuracy", 0.5)
    with pytest.raises(RuntimeError, match="accuracy"):
        counted()


def test_below_its_minimum_there_is_no_figure_and_it_says_how_many_are_needed(
    answered, place, browse, bob
):
    answered(12)
    found = browse(bob).get(_api(place)).json()
    assert (found["realised"]["accuracy"], found["realised"]["still_needed"]) == (None, 8)
    assert found["realised"]["per_class"] == [] and found["estimated"] is None
    page = browse(bob).get(_page(place)).text
    assert "shown after 8 more answers" in page


def test_feedback_counts_for_when_the_answer_was_given(answered, place):
    answered(25, at=timezone.now() - timedelta(days=10))
    with tenant_scope(place.tenant):
        found = quality.measure(place.endpoint, until_now("7d"))
        assert (found.realised.n, found.previous.n) == (0, 25)
        month = quality.measure(place.endpoint, until_now("30d"))
        assert [one.n for one in month.buckets if one.n] == [25]


def test_a_rejected_input_says_neither_right_nor_wrong(answered, place, predict, alice):
    answered(20)
    with tenant_scope(place.tenant):
        services.give(predict(), verdict="reject", by=alice)
        assert quality.measure(place.endpoint, until_now("24h")).realised.n == 20


def test_the_estimate_is_the_mean_confidence_with_an_interval_of_its_own(
    place, predict, browse, bob
):
    draw = np.random.default_rng(0)
    scores = draw.uniform(0.5, 1, 60)
    for score in scores:
        predict(score=score, scores=[score, 1 - score])
    with tenant_scope(place.tenant):
        rollups.count_due(place.endpoint)
        all_scores = [*scores, place.prediction.score]
    found = browse(bob).get(_api(place)).json()["estimated"]
    assert found["n"] == 61 and found["value"] == pytest.approx(np.mean(all_scores))
    assert found["low"] < found["value"] < found["high"]
    page = browse(bob).get(_page(place)).text
    assert "Estimated without labels" in page


def test_estimated_intervals_hold_the_truth_where_scores_are_calibrated():
    draw, held = np.random.default_rng(0), 0
    for _round in range(300):
        n_test, true = 100, 0.8
        measured = draw.binomial(n_test, true) / n_test
        error = np.sqrt(measured * (1 - measured) / n_test)
        scores = np.clip(draw.beta(8, 2, 200) + measured - true, 0, 1)
        right = (draw.random(200) < np.clip(scores - measured + true, 0, 1)).mean()
        found = quality.estimate(200, scores.sum(), (scores * (1 - scores)).sum(), error)
        held += found.low <= right <= found.high
    assert held / 300 >= 0.93


def test_a_stranger_and_a_wrong_period_are_refused(place, browse, carol, bob):
    assert browse(carol).get(_api(place)).status_code == 404
    answer = browse(bob).get(_api(place) + "?period=1y")
    assert answer.status_code == 400 and "period" in answer.json()["fields"]


def _api(place):
    return f"/api/v1/tenants/acme/engagements/{place.engagement.pk}/live-quality"


def _page(place):
    return f"/t/acme/e/{place.engagement.pk}/monitoring/?period=24h"
