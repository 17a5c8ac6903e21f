"""What customer training says of an engagement's health."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enablement import catalogue, satisfaction
from engagements import health
from engagements.health import Reading
from engagements.phases import Phase


def register():
    """Let trained people count, and how likely they are to recommend us."""
    health.register("enablement.trained", gettext_lazy("People trained"), 1, trained)
    title = gettext_lazy("Would recommend us")
    health.register("enablement.recommended", title, 2, recommended)


def trained(engagement) -> Reading:
    """The share of the people asked for who finished, once the training phase has come."""
    here = engagement.phases[: engagement.phases.index(engagement.phase) + 1]
    rows = catalogue.needed(engagement) if Phase.CUSTOMER_TRAINING in here else []
    needed = sum(row["needed"] for row in rows)
    if not needed:
        return Reading(None, _("Nobody is to be trained yet."))
    done = sum(min(row["finished"], row["needed"]) for row in rows)
    words = _("%(done)s of %(needed)s people finished their path.")
    facts = {"done": done, "needed": needed}
    return Reading(done / needed, words % facts, facts)


def recommended(engagement) -> Reading:
    """The Net Promoter Score on a scale from 0 to 1, once enough people answered."""
    found = satisfaction.of(engagement)
    facts = {"promoters": found.promoters, "detractors": found.detractors, "n": found.n}
    if found.still_needed:
        words = _("%(n)s of %(needed)s answers needed.")
        return Reading(None, words % {"n": found.n, "needed": satisfaction.MINIMUM_N}, facts)
    words = _("Net Promoter Score %(score)s (n = %(n)s).")
    words %= {"score": f"{found.value:+.0f}", "n": found.n}
    return Reading((found.value + 100) / 200, words, facts)
