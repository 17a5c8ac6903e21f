"""What the panels and pages of load tests and rollback drills show."""

from django.http import Http404
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.roles import Capability, may
from engagements import verdicts
from lepton.lib import charts
from serving.exercises import drills as services
from serving.exercises import gates
from serving.exercises.forms import LoadTestForm
from serving.exercises.rows import exercises_topic

NEWEST = 10


def panel(request, endpoint, form=None) -> dict:
    """Load tests and drills of an endpoint, for the go-live page."""
    context = {"form": form or LoadTestForm(engagement=endpoint.engagement)}
    for make in PARTS.values():
        context |= make(request, endpoint)
    return context


def tests(request, endpoint) -> dict:
    """The newest load tests."""
    newest = list(endpoint.load_tests.newest_first().select_related("endpoint__tenant")[:NEWEST])
    return _frame(request, endpoint) | {
        "tests": [(test, gates.words_of(test) if test.outcome else "") for test in newest],
        "open_test": next((test for test in newest if not test.has_ended), None),
    }


def drills(request, endpoint) -> dict:
    """The newest rollback drills, and what the next one would roll back to."""
    rows = endpoint.drills.newest_first().select_related("practised")
    return _frame(request, endpoint) | {
        "drills": list(rows[:NEWEST]),
        "open_drill": rows.still_open().first(),
        "good": services.previous_good(endpoint),
        "drill_days": endpoint.engagement.drill_days,
    }


PARTS = {"load_tests": tests, "drills": drills}


def part(request, endpoint, name: str) -> dict:
    """The context of one live fragment, by name. Raises Http404."""
    if name not in PARTS:
        raise Http404
    return PARTS[name](request, endpoint)


def _frame(request, endpoint) -> dict:
    return {
        "endpoint": endpoint,
        "engagement": endpoint.engagement,
        "champion": endpoint.champion,
        "topic": exercises_topic(endpoint.pk),
        "may_deploy": may(request.role, Capability.DEPLOY),
    }


def load_test(test) -> dict:
    """One load test: how far it is or what came of it."""
    return {
        "test": test,
        "endpoint": test.endpoint,
        "progress": None if test.has_ended else _progress(test),
        "words": gates.words_of(test) if test.outcome else "",
        "in_time": in_time(test) if test.sent else None,
        "metrics": metrics(test) if test.sent else [],
        "latency_chart": _latency_chart(test),
        "counts_chart": _counts_chart(test),
        "cause": _(test.cause) if test.cause else "",
        "hint": _(test.hint) if test.hint else "",
    }


def in_time(test) -> dict:
    """The share of requests answered in time, as the metric component takes it."""
    judged = test.in_time
    label = _("Answered")
    if test.limit_ms:
        label = _("Answered within %s ms") % number_format(test.limit_ms, 0)
    note = verdicts.words(judged) if test.has_ended else ""
    figures = {name: judged[name] for name in ("value", "low", "high", "n", "target")}
    badge = "frozen" if test.has_ended else "live"
    return {"label": label, "note": note, "badge": badge, **figures}


def metrics(test) -> list[dict]:
    """The figures beside it, as plain metrics."""
    rows = [
        (_("Answers a second"), test.per_second_answered, "", 1),
        (_("Latency p50"), test.p50_ms, _("ms"), 0),
        (_("Latency p95"), test.p95_ms, _("ms"), 0),
        (_("Latency p99"), test.p99_ms, _("ms"), 0),
        (_("Refused (429, 503)"), test.refused, "", 0),
        (_("Errors"), test.errors, "", 0),
    ]
    return [
        {"label": label, "text": number_format(value, digits), "unit": unit}
        for label, value, unit, digits in rows
        if value is not None
    ]


def _progress(test) -> dict:
    if test.state == test.State.QUEUED:
        return {"label": _("Waiting for a worker")}
    left = max(0.0, test.seconds * (1 - test.sent / test.planned))
    facts = {"done": test.sent, "total": test.planned, "unit": _("requests")}
    return {"label": _("Asking the endpoint"), "eta_seconds": left, **facts}


def _latency_chart(test) -> dict | None:
    points = [(row["second"], row["p95_ms"]) for row in test.by_second]
    if len(points) < 2:
        return None
    named = {"name": _("p95 of each second"), "points": points}
    return charts.line_chart([named], y_range=(0, 0), target=test.limit_ms)


def _counts_chart(test) -> dict | None:
    if len(test.by_second) < 2:
        return None
    names = {"answered": _("answered"), "refused": _("refused"), "errors": _("errors")}
    lines = [
        {"name": name, "points": [(row["second"], row[key]) for row in test.by_second]}
        for key, name in names.items()
    ]
    return charts.line_chart(lines, y_range=(0, test.per_second))
