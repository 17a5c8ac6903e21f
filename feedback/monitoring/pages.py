"""What the pages of monitoring show."""

from accounts.roles import Capability, may
from feedback.alerts.models import Alert
from feedback.monitoring import figures, quality, shown
from feedback.monitoring.periods import Length, until_now
from feedback.monitoring.topics import monitoring_topic
from serving.models import Prediction


def whole(request, engagement) -> dict:
    """The context of the page, or of its live part: everything of one period."""
    endpoint, length = engagement.endpoints.first(), length_of(request)
    context = {"endpoint": endpoint, "length": length, "tabs": _tabs(request, length)}
    if endpoint is None:
        return context
    period = until_now(length)
    found, judged = figures.measure(endpoint, period), quality.measure(endpoint, period)
    marks = shown.marks(figures.changes_of_version(endpoint, period))
    return context | {
        "period": period,
        "topic": monitoring_topic(endpoint.pk),
        "n": found.present.requests,
        "metrics": shown.metrics(found),
        "charts": shown.charts(found, marks),
        "quality": shown.quality(judged, marks),
        "raised": Alert.objects.raised().of(engagement).newest_first(),
        "may_look": may(request.role, Capability.RUN),
        "may_accept": may(request.role, Capability.DEPLOY),
        **drift(endpoint),
    }


def drift(endpoint) -> dict:
    """The newest look that came to something, one on its way, and the pictures that stand out."""
    look = endpoint.looks.done().newest_first().first()
    newest = endpoint.looks.newest_first().first()
    findings = list(look.findings.order_by("kind")) if look else []
    ids = [pk for one in findings for pk in one.detail.get("most", [])]
    rows = {str(row.pk): row for row in Prediction.objects.filter(pk__in=ids)}
    return {
        "look": look,
        "newest_look": newest,
        "findings": [shown.finding(one) for one in findings],
        "most_drifted": [rows[pk] for pk in ids if pk in rows],
    }


def panel(endpoint) -> dict:
    """The last day in four figures, for the overview."""
    if endpoint is None:
        return {"endpoint": None}
    found = figures.measure(endpoint, until_now(Length.DAY))
    raised = Alert.objects.raised().filter(rule__endpoint=endpoint).newest_first()
    context = {"endpoint": endpoint, "topic": monitoring_topic(endpoint.pk), "raised": raised}
    return context | {"metrics": shown.metrics(found)[:4], "n": found.present.requests}


def length_of(request) -> str:
    """The period asked for; an unknown one is a week."""
    asked = request.GET.get("period")
    return asked if asked in Length.values else Length.WEEK.value


def _tabs(request, length):
    return [
        {"label": one.label, "url": f"{request.path}?period={one.value}", "current": one == length}
        for one in Length
    ]
