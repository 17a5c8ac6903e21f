"""What the customer's answers say of an engagement's health."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import health
from engagements.health import Reading
from feedback import figures
from feedback.tickets import times
from serving.models import Prediction

DOUBTFUL = 0.6  # a score below it
RECENT = timedelta(days=7)


def register():
    """Let the share of confirmed answers count, and how many doubtful ones were looked at."""
    title = gettext_lazy("Answers found right in use")
    health.register("feedback.tickets", gettext_lazy("Tickets answered in time"), 2, tickets)
    health.register("feedback.confirmed", title, 3, confirmed)
    health.register("feedback.reviewed", gettext_lazy("Doubtful answers reviewed"), 1, reviewed)


def confirmed(engagement) -> Reading:
    """The share of judged answers that were confirmed, once there are enough of them."""
    answers = figures.together(figures.by_version(engagement))
    if answers.still_needed:
        words = _("%(n)s of %(needed)s judged answers needed.")
        return Reading(None, words % {"n": answers.n, "needed": figures.MINIMUM_N})
    words = {"confirmed": answers.confirmed, "n": answers.n}
    share = answers.confirmed / answers.n
    return Reading(share, _("%(confirmed)s of %(n)s confirmed.") % words, words)


def reviewed(engagement) -> Reading:
    """The share of the last week's doubtful answers that somebody confirmed or corrected."""
    since = timezone.now() - RECENT
    recent = Prediction.objects.in_use().filter(endpoint__engagement=engagement, at__gte=since)
    doubtful = recent.filter(score__lt=DOUBTFUL)
    n = doubtful.count()
    if not n:
        return Reading(None, _("No answer of the last 7 days was doubtful."))
    seen = doubtful.filter(feedback__superseded_at=None, feedback__isnull=False).count()
    words = {"reviewed": seen, "n": n}
    return Reading(seen / n, _("%(reviewed)s of %(n)s of the last 7 days.") % words, words)


def tickets(engagement) -> Reading:
    """The share of the last 90 days' tickets that got their first answer in time."""
    found = times.of(engagement)
    if not found["due"]:
        return Reading(None, _("No ticket of the last 90 days was due an answer yet."))
    words = _("%(in_time)s of %(due)s in time; %(overdue)s wait too long now.") % found
    return Reading(found["in_time"] / found["due"], words, found)
