"""The checks on the endpoint."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import gates, judged, pages
from engagements.gates import Finding
from engagements.models import Outcome
from engagements.phases import Phase
from serving.models import Endpoint, Prediction

ENOUGH_PREDICTIONS = 20  # from as many on a 95th percentile is shown


def register():
    """Guard phases by what answers, and by who asked."""
    live = [Phase.DEPLOYMENT, Phase.MONITORING, Phase.GO_LIVE, Phase.OPTIMISATION]
    for key, title, phases, find in [
        ("endpoint_live", gettext_lazy("Endpoint answers"), live, endpoint_live),
        (
            "accepted_model",
            gettext_lazy("The accepted model answers"),
            [Phase.DEPLOYMENT, Phase.GO_LIVE],
            accepted_model,
        ),
        ("watched", gettext_lazy("Traffic is watched"), [Phase.MONITORING], watched),
    ]:
        gates.register(f"serving.{key}", title, phases, find)
    judged.register(_answering)


def endpoint_live(engagement) -> Finding:
    """A deployment is live."""
    url, champion = pages.url("serving:endpoint", engagement), _champion(engagement)
    if champion is None:
        return Finding(False, _("No model version is live."), url=url)
    words = _("%s answers.") % champion.model_version
    evidence = {"deployment": champion.number, "model": str(champion.model_version)}
    return Finding(True, words, evidence | {"live_at": champion.live_at.isoformat()}, url)


def accepted_model(engagement) -> Finding:
    """The newest verdict on what answers, under the signed contract, is a pass."""
    url, champion = pages.url("serving:endpoint", engagement), _champion(engagement)
    if champion is None:
        return Finding(False, _("No model version is live."), url=url)
    verdict = judged.verdict_on(engagement, champion.model_version_id)
    evidence = {"model": str(champion.model_version)}
    if verdict and verdict.outcome == Outcome.PASS:
        return Finding(True, _("%s passed.") % champion.model_version, evidence, url)
    words = _("%s has not passed under the standing contract.") % champion.model_version
    return Finding(False, words, evidence, url)


def watched(engagement) -> Finding:
    """Enough predictions were logged since this phase began to show figures of them."""
    logged = Prediction.objects.in_use().filter(endpoint__engagement=engagement)
    n = logged.filter(at__gte=engagement.phase_since).count()
    words = _("%(n)s of %(needed)s predictions.") % {"n": n, "needed": ENOUGH_PREDICTIONS}
    url = pages.url("feedback:predictions", engagement)
    evidence = {"predictions": n, "needed": ENOUGH_PREDICTIONS}
    return Finding(n >= ENOUGH_PREDICTIONS, words, evidence, url)


def _answering(engagement):
    champion = _champion(engagement)
    return champion and champion.model_version_id


def _champion(engagement):
    endpoint = Endpoint.objects.filter(engagement=engagement).first()
    return endpoint and endpoint.champion
