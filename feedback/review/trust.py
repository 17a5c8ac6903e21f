"""How far each reviewer can be relied on: by gold items, and by what others held right."""

from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q

from accounts.models import User
from feedback.review.models import GOLD, Review
from training.engine.evaluate import wilson_interval

ENOUGH = 0.9  # somebody who is surely right less often is not relied on alone


class Trust(NamedTuple):
    """One reviewer: gold items answered and right, shared items and how often others agreed."""

    person: UUID
    name: str
    reviews: int
    gold: int
    gold_right: int
    shared: int
    agreed: int

    @property
    def n(self) -> int:
        return self.gold + self.shared

    @property
    def value(self) -> float | None:
        """The share of answers that were right or that others agreed with; None: not known yet."""
        return (self.gold_right + self.agreed) / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval."""
        return wilson_interval(self.gold_right + self.agreed, self.n) if self.n else None

    @property
    def is_low(self) -> bool:
        """Surely below ENOUGH; who is not known yet is relied on."""
        return self.n > 0 and self.interval[1] < ENOUGH


def of_reviewers(people=None) -> list[Trust]:
    """Return the reviewers of the active tenant, by name; `people` narrows them to these ids.

    An item is shared once two people answered it or somebody decided between them; the decision
    itself is no evidence for who decides.
    """
    gold = Q(item__source=GOLD)
    settled = Q(item__prediction__receipt__state="accepted") & ~gold
    shared = settled & (
        Q(item__prediction__receipt__opinions__gte=2)
        | Q(item__prediction__receipt__is_adjudicated=True)
    )
    agrees = Q(label=F("item__prediction__receipt__label"))
    rows = Review.objects.answers().filter(is_adjudication=False)
    rows = rows if people is None else rows.filter(created_by__in=people)
    counted = rows.values_list("created_by").annotate(
        Count("pk"),
        gold=Count("pk", filter=gold),
        gold_right=Count("pk", filter=gold & Q(is_right=True)),
        shared=Count("pk", filter=shared),
        agreed=Count("pk", filter=shared & agrees),
    )
    found = {person: counts for person, *counts in counted}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=found)}
    by_name = sorted(found, key=lambda person: names[person])
    return [Trust(person, names[person], *found[person]) for person in by_name]


def low(people) -> set[UUID]:
    """Return those of these people (ids) who are surely right too seldom."""
    return {one.person for one in of_reviewers(people) if one.is_low}
