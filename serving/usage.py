"""What endpoints of an engagement answered, for engagements.usage."""

from decimal import Decimal

from engagements.usage import Reading
from serving.models import Deployment
from serving.rollups import answered


def thousand_predictions(engagement, span) -> Reading:
    """Answers given in the span, in thousands."""
    return Reading(Decimal(answered(engagement, span.since, span.until)) / 1000)


def first_live(engagement, since, until):
    """When the first deployment of that time went live, or None; a roll-back is none."""
    made = Deployment.objects.filter(
        endpoint__engagement=engagement, reason=Deployment.Reason.DEPLOY
    )
    live = made.filter(state=Deployment.State.LIVE, live_at__gte=since, live_at__lt=until)
    return live.order_by("live_at").values_list("live_at", flat=True).first()
