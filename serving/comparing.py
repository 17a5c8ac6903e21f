"""How a challenger's answers compare with the champion's, from the rows of both."""

from dataclasses import dataclass

from django.db.models import Count, Q

from serving.models import Challenger, ShadowAnswer
from training.engine.evaluate import wilson_interval

LEAST_FOR_A_SHARE = 20  # below it a share and its interval say nothing


@dataclass(frozen=True)
class Agreement:
    """Of how many inputs both variants named the same class."""

    n: int
    agreeing: int

    @property
    def still_needed(self) -> int:
        """How many more comparisons it takes before a share is shown."""
        return max(0, LEAST_FOR_A_SHARE - self.n)

    @property
    def share(self) -> float | None:
        return None if self.still_needed else self.agreeing / self.n

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the share."""
        return None if self.still_needed else wilson_interval(self.agreeing, self.n)


def agreement(challenger: Challenger, *, newest: int | None = None) -> Agreement:
    """Count what was compared beside this challenger (of it the newest alone, if so asked); its
    earlier steps are left out."""
    rows = ShadowAnswer.objects.filter(challenger=challenger).order_by("-at")[:newest]
    counts = rows.aggregate(n=Count("pk"), agreeing=Count("pk", filter=Q(agrees=True)))
    return Agreement(**counts)
