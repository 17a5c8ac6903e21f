"""What an endpoint does right now: the newest answers from their rows, the rest from the processes.

Queue, batches and refusals only the inference processes know: the one that is asked asks the
others too.
"""

from datetime import timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncMinute
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lepton.lib import charts
from serving.figures import LEAST_FOR_P95, Percentile

WINDOW, RATE_WINDOW = timedelta(minutes=15), timedelta(minutes=1)
LEAST_FOR_P99 = 100
REFUSED = ("429", "503")  # for want of quota or room; others are the client's own mistakes


def figures(endpoint) -> dict:
    """Rate, latency and version mix of the last minutes, as plain data."""
    now = timezone.now()
    rows = endpoint.predictions.in_use().filter(at__gte=now - WINDOW)
    fractions = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    totals = rows.aggregate(
        n=Count("id"), last_minute=Count("id", filter=Q(at__gte=now - RATE_WINDOW))
    )
    timed = rows.asked_live().aggregate(
        n=Count("id"),
        **{name: Percentile("latency_ms", fraction=one) for name, one in fractions.items()},
    )
    least = {"p50_ms": 1, "p95_ms": LEAST_FOR_P95, "p99_ms": LEAST_FOR_P99}
    latencies = {name: timed[name] if timed["n"] >= n else None for name, n in least.items()}
    mix = rows.values_list("model_version__number").annotate(n=Count("id"))
    return {
        "window_seconds": int(WINDOW.total_seconds()),
        "n": totals["n"],
        "answers_a_second": round(totals["last_minute"] / RATE_WINDOW.total_seconds(), 2),
        **latencies,
        "by_version": [
            {"model_version": number, "n": n}
            for number, n in mix.order_by("-n", "-model_version__number")
        ],
    }


def shown(endpoint, pulse: dict | None) -> dict:
    """The same, ready to be shown, with what the data plane said of its last minute."""
    seen = figures(endpoint)
    versions = {_("Version %s") % one["model_version"]: one["n"] for one in seen["by_version"]}
    return {
        "n": seen["n"],
        "metrics": [*_answered(seen), *_counted(pulse)],
        "mix": charts.bars(versions),
        "spark": charts.sparkline(_by_minute(endpoint)),
        "is_silent": pulse is None,
    }


def _answered(seen) -> list[dict]:
    rate = number_format(seen["answers_a_second"], 1)
    return [
        {"label": _("Answers"), "text": rate, "unit": _("a second")},
        _latency(_("Latency p50"), seen["p50_ms"], 1),
        _latency(_("Latency p95"), seen["p95_ms"], LEAST_FOR_P95),
        _latency(_("Latency p99"), seen["p99_ms"], LEAST_FOR_P99),
    ]


def _latency(label, milliseconds, least) -> dict:
    if milliseconds is None:
        note = _("from %s predictions on") % least if least > 1 else ""
        return {"label": label, "text": "–", "note": note}
    return {"label": label, "text": number_format(milliseconds, 0), "unit": _("ms")}


def _counted(pulse) -> list[dict]:
    if pulse is None:
        return []
    statuses = pulse["statuses"]
    failed = sum(n for status, n in statuses.items() if status[0] == "5" and status != "503")
    refused = sum(statuses.get(status, 0) for status in REFUSED)
    processes = pulse["processes"]
    queue = ngettext(
        "of %(places)s places", "of %(places)s places in %(n)s processes", processes
    ) % {"places": pulse["queue_at_most"], "n": processes}
    images = pulse["images_a_run"]
    return [
        {"label": _("Waiting"), "text": number_format(pulse["waiting"], 0), "note": queue},
        {"label": _("Images a run"), "text": "–" if images is None else number_format(images, 1)},
        {"label": _("Refused"), "text": number_format(refused, 0), "note": _("last minute")},
        {"label": _("Failed"), "text": number_format(failed, 0), "note": _("last minute")},
    ]


def _by_minute(endpoint) -> list[int]:
    """Answers in each of the last minutes, oldest first, empty ones included."""
    this = timezone.now().replace(second=0, microsecond=0)
    minutes = int(WINDOW.total_seconds() // 60)
    rows = endpoint.predictions.in_use().filter(at__gte=this - WINDOW)
    found = dict(
        rows.annotate(minute=TruncMinute("at")).values_list("minute").annotate(n=Count("id"))
    )
    back = range(minutes - 1, -1, -1)
    return [found.get(this - timedelta(minutes=one), 0) for one in back]
