"""How likely people are to recommend us: asked on a cadence, never averaged from too few."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import author
from accounts.scoping import tenant_scope
from enablement import satisfaction
from enablement.models import SurveyAnswer
from enablement.satisfaction import Score
from engagements import asks, gates, health, standing
from engagements.models import PhaseRecord
from tests import factories


def go_live(engagement, by, *, days_ago):
    now = timezone.now()
    with tenant_scope(engagement.tenant_id):
        PhaseRecord.objects.create(
            engagement=engagement,
            iteration=1,
            phase="go_live",
            to="optimisation",
            entered_at=now,
            checks=[],
            sha256="0" * 64,
            created_at=now - timedelta(days=days_ago),
            **author(by),
        )


def asked(engagement):
    with tenant_scope(engagement.tenant_id):
        found = asks.of(engagement, gates.look(engagement))
        return {one.user.name for one in found if one.kind == "survey.answer"}


def test_members_are_asked_ninety_days_after_go_live_and_again_later(alice, bob, engagement):
    assert asked(engagement) == set()
    go_live(engagement, alice, days_ago=91)
    assert asked(engagement) == {"Alice", "Bob"}
    with tenant_scope(engagement.tenant_id):
        satisfaction.answer(engagement, score=9, by=bob)
    assert asked(engagement) == {"Alice"}
    with tenant_scope(engagement.tenant_id):
        later = timezone.now() - timedelta(days=95)
        SurveyAnswer.objects.create(
            engagement=engagement, score=9, created_at=later, **author(alice)
        )
    assert asked(engagement) == {"Alice"}


def test_nobody_is_asked_before_that(alice, bob, engagement, browse, here):
    go_live(engagement, alice, days_ago=3)
    assert asked(engagement) == set()
    page = browse(bob).get(here).text  # but who wants to may say so
    assert "How likely are you to recommend us" in page


def test_an_answer_is_given_once_and_seen_by_both_sides(alice, bob, mei, engagement, browse, here):
    go_live(engagement, alice, days_ago=100)
    form = {"score": 3, "comment": "Too slow on Mondays."}
    sent = browse(bob).post(f"{here}survey/", form, follow=True)
    assert "Thank you" in sent.text and "You said 3 of 10" in sent.text
    again = browse(bob).post(f"{here}survey/", form, follow=True)
    assert "less than 30 days ago" in again.text
    page = browse(mei).get(f"{here}people/").text
    assert "Too slow on Mondays." in page and "1 answered; 4 more before a score" in page


def test_staff_are_not_asked(mei, engagement, browse, here):
    answer = browse(mei).post(f"{here}survey/", {"score": 10}, follow=True)
    assert "Only members of the customer" in answer.text


@pytest.mark.parametrize("score", [11, -1, "many"])
def test_what_is_no_score_is_refused(bob, engagement, browse, score):
    url = f"/api/v1/tenants/acme/engagements/{engagement.pk}/survey-answers"
    sent = browse(bob).post(url, {"score": score}, content_type="application/json")
    assert sent.status_code == 400 and "score" in sent.json()["fields"]


def test_below_five_answers_there_is_no_score(acme, engagement):
    with tenant_scope(acme):
        for n in range(5):
            reading = _reading(engagement)
            assert reading["score"] is None and f"{n} of 5 answers" in reading["words"]
            person = factories.member(acme, f"Person {n}".replace(" ", ""), "viewer")
            satisfaction.answer(engagement, score=[10, 9, 9, 7, 2][n], by=person)
        reading = _reading(engagement)
    assert reading["evidence"] == {"promoters": 3, "detractors": 1, "n": 5}
    assert reading["words"] == "Net Promoter Score +40 (n = 5)." and reading["score"] == 0.7


def test_the_newest_answer_of_a_person_counts(alice, engagement):
    with tenant_scope(engagement.tenant_id):
        for days, score in ((200, 2), (50, 10)):
            at = timezone.now() - timedelta(days=days)
            facts = {"score": score, "created_at": at, **author(alice)}
            SurveyAnswer.objects.create(engagement=engagement, **facts)
        assert satisfaction.of(engagement) == Score(1, 0, 1)


def test_the_portfolio_shows_it_with_n(mei, browse, engagement, alice):
    with tenant_scope(engagement.tenant_id):
        satisfaction.answer(engagement, score=10, by=alice)
        standing.refresh(engagement.pk)
    assert "1 answered; 4 more" in browse(mei).get("/board/portfolio/survey/").text
    assert "/board/portfolio/survey/" in browse(mei).get("/board/portfolio/").text
    assert browse(alice).get("/board/portfolio/survey/").status_code == 404


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random, n = np.random.default_rng(4), 30
    truth = (0.5 - 0.2) * 100
    held = 0
    for up, down, _rest in random.multinomial(n, [0.5, 0.2, 0.3], size=2000):
        low, high = Score(int(up), int(down), n).interval
        held += low <= truth <= high
    assert 0.93 <= held / 2000 <= 0.98


def _reading(engagement):
    return next(one for one in health.look(engagement) if one["key"] == "enablement.recommended")
