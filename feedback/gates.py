"""The checks on what the customer tells us."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import gates, pages
from engagements.gates import Finding
from engagements.models import Side
from engagements.phases import Phase
from feedback import figures
from feedback.models import Feedback


def register():
    """Guard phases by answers to predictions."""
    known = gettext_lazy("Accuracy in use known")
    phases = [Phase.OPTIMISATION]
    gates.register("feedback.accuracy_known", known, phases, accuracy_known, Side.CUSTOMER)
    tickets = gettext_lazy("No severe ticket is open")
    gates.register("feedback.no_severe_ticket", tickets, [Phase.GO_LIVE], no_severe_ticket)
    heard = gettext_lazy("The customer was heard")
    gates.register("feedback.heard", heard, [Phase.FEEDBACK], heard_in_phase, Side.CUSTOMER)


def accuracy_known(engagement) -> Finding:
    """Enough predictions were confirmed or corrected to show an accuracy."""
    answers = figures.together(figures.by_version(engagement))
    words = _("%(n)s of %(needed)s answers.") % {"n": answers.n, "needed": figures.MINIMUM_N}
    evidence = {"answers": answers.n, "needed": figures.MINIMUM_N, "confirmed": answers.confirmed}
    url = pages.url("feedback:predictions", engagement)
    return Finding(not answers.still_needed, words, evidence, url)


def heard_in_phase(engagement) -> Finding:
    """Somebody answered a prediction since this phase began."""
    given = Feedback.objects.opinions().filter(endpoint__engagement=engagement)
    n = given.filter(created_at__gte=engagement.phase_since).count()
    words = _("%s answers since this phase began.") % n
    return Finding(n > 0, words, {"answers": n}, pages.url("feedback:predictions", engagement))


def no_severe_ticket(engagement) -> Finding:
    """No ticket of the two worst severities waits to be resolved."""
    found = engagement.tickets.unresolved().severe().order_by("number")
    numbers = list(found.values_list("number", flat=True))
    named = ", ".join(f"#{number}" for number in numbers)
    words = _("Open: %s.") % named if numbers else _("None is open.")
    evidence = {"open": len(numbers), "tickets": named}
    return Finding(not numbers, words, evidence, pages.url("feedback:tickets", engagement))
