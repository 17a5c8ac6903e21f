"""What the customer's answers say of an engagement's health."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import health
from engagements.health import Reading
from feedback import figures


def register():
    """Let the share of confirmed answers count, and name what cannot count yet."""
    title = gettext_lazy("Answers found right in use")
    health.register("feedback.confirmed", title, 3, confirmed)
    health.register("feedback.drift", gettext_lazy("Drift"), 2, drift)


def confirmed(engagement) -> Reading:
    """The share of judged answers that were confirmed, once there are enough of them."""
    answers = figures.together(figures.by_version(engagement))
    if answers.still_needed:
        words = _("%(n)s of %(needed)s judged answers needed.")
        return Reading(None, words % {"n": answers.n, "needed": figures.MINIMUM_N})
    words = {"confirmed": answers.confirmed, "n": answers.n}
    share = answers.confirmed / answers.n
    return Reading(share, _("%(confirmed)s of %(n)s confirmed.") % words, words)


def drift(engagement) -> Reading:
    """How far inputs have moved from what was trained on; nothing measures that yet."""
    return Reading(None, _("Drift is not measured."))
