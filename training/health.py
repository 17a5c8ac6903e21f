"""What runs say of an engagement's health."""

from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import health
from engagements.health import Reading
from training.models import Run

LATELY = timedelta(days=30)


def register():
    """Let failed runs count."""
    health.register("training.runs", gettext_lazy("Runs without failure"), 1, runs_without_failure)


def runs_without_failure(engagement) -> Reading:
    """The share of the runs that ended in the last 30 days which did not fail."""
    since = timezone.now() - LATELY
    ended = Run.objects.filter(engagement=engagement, finished_at__gte=since).exclude(
        state=Run.State.CANCELLED
    )
    has_failed = Q(state=Run.State.FAILED)
    facts = ended.aggregate(n=Count("id"), failed=Count("id", filter=has_failed))
    if not facts["n"]:
        return Reading(None, _("No run ended in the last 30 days."))
    words = _("%(failed)s of the %(n)s runs of the last 30 days failed.") % facts
    return Reading(1 - facts["failed"] / facts["n"], words, facts)
