"""Recommendations: who is asked when, and what the answers add up to.

The Net Promoter Score is the share of 9 and 10 less the share of 0 to 6, from the newest answer of
each person. Below MINIMUM_N answers there is none: the answers themselves are shown instead.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Membership, User, author
from enablement import catalogue
from enablement.models import SurveyAnswer
from engagements import pages, timeline
from engagements.models import Side
from engagements.phases import Phase
from lepton.lib.refusals import Conflict

MINIMUM_N = 5
PAUSE = timedelta(days=30)  # between two answers of one person
Z = 1.959963984540054


@dataclass(frozen=True)
class Score:
    """The answers of `n` people."""

    promoters: int
    detractors: int
    n: int

    @property
    def still_needed(self) -> int:
        return max(0, MINIMUM_N - self.n)

    @property
    def value(self) -> float | None:
        """From -100 to 100."""
        return None if self.still_needed else (self.promoters - self.detractors) / self.n * 100

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % adjusted Wald interval AW(3, T): three answers added, in the proportions
        1 : 2 : 1 (Rocks, Interval Estimation for the Net Promoter Score, 2016)."""
        if self.still_needed:
            return None
        n = self.n + 3
        up, down = (self.promoters + 0.75) / n, (self.detractors + 0.75) / n
        half = Z * math.sqrt((up + down - (up - down) ** 2) / n)
        middle = up - down
        return max(-1.0, middle - half) * 100, min(1.0, middle + half) * 100


def answer(engagement, *, score, by, comment=""):
    """Say how likely one is to recommend us, from 0 to 10: members of the customer."""
    if not isinstance(by, User) or Side.of(by) != Side.CUSTOMER:
        raise ValidationError(_("Only members of the customer are asked this."))
    row = SurveyAnswer(engagement=engagement, score=score, comment=comment.strip(), **author(by))
    row.clean_fields(exclude=["tenant", "engagement", "created_by"])
    if (last := newest_of(engagement, by)) and last.created_at > timezone.now() - PAUSE:
        raise Conflict(_("You answered less than 30 days ago."))
    with transaction.atomic():
        row.save(force_insert=True)
        url = pages.url("enablement:catalogue", engagement)
        timeline.record(engagement, "survey.answered", by=by, url=url, score=score)
        audit.record("survey.answered", row, by=by, score=score)
    return row


def newest_of(engagement, user) -> SurveyAnswer | None:
    """A person's newest answer."""
    mine = engagement.survey_answers.newest_first().filter(created_by=user)
    return mine.first()


def of(engagement) -> Score:
    """The newest answers of an engagement's people."""
    return together(SurveyAnswer.objects.filter(engagement=engagement))


def together(rows) -> Score:
    """The newest answer of each person and engagement among `rows`."""
    newest = rows.order_by("engagement_id", "created_by_id", "-created_at")
    scores = newest.distinct("engagement_id", "created_by_id").values_list("score", flat=True)
    scores = list(scores)
    promoters, detractors = sum(s >= 9 for s in scores), sum(s <= 6 for s in scores)
    return Score(promoters, detractors, len(scores))


def live_since(engagement):
    """When the customer went live first, or None."""
    left = engagement.phase_records.filter(phase=Phase.GO_LIVE).order_by("created_at")
    return left.values_list("created_at", flat=True).first()


def is_due(engagement, user) -> bool:
    """Whether a person is to be asked: so many days after go-live, or after their last answer."""
    cadence = _cadence(engagement)
    return cadence is not None and user.pk in _due(engagement, [user.pk], *cadence)


def asked(engagement) -> list[User]:
    """The members who are to be asked now."""
    cadence = _cadence(engagement)
    if cadence is None:
        return []
    members = Membership.objects.by_name().filter(user__is_active=True)
    people = [one.user for one in members]
    due = _due(engagement, [one.pk for one in people], *cadence)
    return [one for one in people if one.pk in due]


def _due(engagement, ids, days, since) -> set:
    """Those of these people who are to be asked, in one query however many they are."""
    given = engagement.survey_answers.filter(created_by__in=ids).order_by("created_at")
    last = dict(given.values_list("created_by", "created_at"))
    until = timezone.now() - timedelta(days=days)
    return {pk for pk in ids if last.get(pk, since) <= until}


def _cadence(engagement) -> tuple | None:
    """Every how many days people are asked, and since when; None where nobody is."""
    since = live_since(engagement)
    days = since and catalogue.curriculum_of(engagement).survey_every_days
    return (days, since) if days else None
