"""What endpoints say of an engagement's health."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import health
from engagements.health import Reading
from engagements.verdicts import P95
from serving import figures
from serving.models import Deployment, Prediction


def register():
    """Let the newest deployment and the latency count."""
    health.register("serving.deployed", gettext_lazy("Newest deployment"), 2, newest_deployment)
    health.register("serving.latency", gettext_lazy("Answers in time"), 1, answers_in_time)


def newest_deployment(engagement) -> Reading:
    """1 if what was deployed last is live, 0 if it failed."""
    found = Deployment.objects.filter(endpoint__engagement=engagement).order_by("-number")
    newest = found.select_related("model_version").exclude(state=Deployment.State.LOADING).first()
    if newest is None:
        return Reading(None, _("Nothing was deployed yet."))
    words = {"model": str(newest.model_version), "state": newest.get_state_display()}
    is_live = newest.state == Deployment.State.LIVE
    return Reading(float(is_live), _("%(model)s: %(state)s.") % words, words)


def answers_in_time(engagement) -> Reading:
    """The share of the last day's answers within the contract's limit, 95 % being enough."""
    limit_ms = engagement.contract and engagement.contract.p95_latency_ms
    if not limit_ms:
        return Reading(None, _("No contract sets a limit."))
    since = timezone.now() - figures.WINDOW
    rows = Prediction.objects.in_use().filter(endpoint__engagement=engagement, at__gte=since)
    n, within = rows.count(), rows.filter(latency_ms__lte=limit_ms).count()
    facts = {"n": n, "within": within, "limit_ms": limit_ms}
    if n < figures.LEAST_FOR_P95:
        needed = {"n": n, "needed": figures.LEAST_FOR_P95}
        return Reading(None, _("%(n)s of %(needed)s answers of the last day.") % needed)
    words = _("%(within)s of the last day's %(n)s answers within %(limit_ms)s ms.") % facts
    return Reading(min(1.0, within / n / P95), words, facts)
