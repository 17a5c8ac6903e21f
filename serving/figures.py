"""What an endpoint did in the last day, from its log of predictions."""

from datetime import timedelta

from django.db.models import Aggregate, Count, FloatField, Q
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from lepton.lib import charts
from serving.models import Prediction

WINDOW = timedelta(hours=24)
LEAST_FOR_P95 = 20  # a chart or figure below its minimum n says nothing
CLASSES_SHOWN = 8


class Percentile(Aggregate):
    """PostgreSQL's percentile_cont: `Percentile("latency_ms", fraction=0.95)`."""

    function = "percentile_cont"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression, *, fraction: float):
        super().__init__(expression, fraction=fraction)


def last_day(endpoint) -> dict:
    """Volume, latency and class mix of the last 24 hours, ready to be shown."""
    rows = endpoint.predictions.in_use().filter(at__gte=timezone.now() - WINDOW)
    timed = rows.asked_live().aggregate(
        n=Count("id"),
        p50=Percentile("latency_ms", fraction=0.5),
        p95=Percentile("latency_ms", fraction=0.95),
    )
    count = rows.count()
    mix = rows.values_list("label").annotate(n=Count("id")).order_by("-n", "label")
    return {
        "n": count,
        "metrics": _metrics(count, timed),
        "mix": charts.bars(dict(mix[:CLASSES_SHOWN])),
        "spark": charts.sparkline(_by_hour(rows)),
    }


def answers_within(engagement, model_version_id, limit_ms) -> tuple[int, int]:
    """How many of a model version's answers came within `limit_ms`, and of how many."""
    rows = Prediction.objects.asked_live().filter(
        endpoint__engagement=engagement, model_version_id=model_version_id
    )
    counts = rows.aggregate(within=Count("id", filter=Q(latency_ms__lte=limit_ms)), n=Count("id"))
    return counts["within"], counts["n"]


def _metrics(count, timed) -> list[dict]:
    n = timed["n"]
    too_few = _("from %s predictions on") % LEAST_FOR_P95
    return [
        {"label": _("Predictions"), "text": number_format(count, 0)},
        _latency(_("Latency p50"), timed["p50"], shown=n > 0),
        _latency(_("Latency p95"), timed["p95"], n >= LEAST_FOR_P95, too_few),
    ]


def _latency(label, milliseconds, shown, note="") -> dict:
    if not shown:
        return {"label": label, "text": "–", "note": note}
    return {"label": label, "text": number_format(milliseconds, 0), "unit": _("ms")}


def _by_hour(rows) -> list[int]:
    """Counts of the last 24 hours, oldest first, empty ones included."""
    found = dict(rows.annotate(hour=TruncHour("at")).values_list("hour").annotate(n=Count("id")))
    this = timezone.now().replace(minute=0, second=0, microsecond=0)
    return [found.get(this - timedelta(hours=back), 0) for back in range(23, -1, -1)]
