"""Figures, charts and findings as the page of monitoring shows them."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.figures import MINIMUM_N
from feedback.models import DriftFinding
from feedback.monitoring.figures import LEAST_FOR_P95, LEAST_FOR_SHARES
from lepton.lib import charts as draw
from lepton.templatetags.ui import percent

MOST_LINES = 4  # a chart has as many colours
MEASURES = {
    "side": gettext_lazy("Shorter side, pixels"),
    "brightness": gettext_lazy("Brightness, 0 to 1"),
    "sharpness": gettext_lazy("Sharpness, 0 to 1"),
}


def metrics(found) -> list[dict]:
    """The figures of a period, each with what it was in the period before."""
    now, before = found.present.as_data(), found.previous.as_data()
    return [
        _metric(_("Predictions"), now, before, "predictions", _count),
        _metric(_("Failed requests"), now, before, "failed_share", percent, LEAST_FOR_SHARES),
        _metric(_("Latency p50"), now, before, "latency_p50_ms", _ms, 1),
        _metric(_("Latency p95"), now, before, "latency_p95_ms", _ms, LEAST_FOR_P95),
        _metric(_("Refused requests"), now, before, "refused", _count),
        _metric(_("Doubtful answers"), now, before, "doubtful_share", percent, LEAST_FOR_SHARES),
    ]


def _metric(label, now, before, name, words, least=0) -> dict:
    if now[name] is None:
        return {"label": label, "text": "–", "note": _("shown from n = %s on") % least}
    if before[name] is None:
        note = _("before: too few to say")
    else:
        note = _("before: %s") % words(before[name]) + _change(now[name], before[name])
    return {"label": label, "text": words(now[name]), "note": note}


def _change(now, before) -> str:
    if not before:
        return ""
    share = round((now / before - 1) * 100)
    return f" ({'+' if share > 0 else '−' if share < 0 else '±'}{number_format(abs(share))}%)"


def _count(n) -> str:
    return number_format(n, 0)


def _ms(milliseconds) -> str:
    return _("%s ms") % number_format(round(milliseconds), 0)


def marks(changes) -> list[tuple]:
    """Where another model version began to answer, for charts."""
    return [(one["at"], _("Model version %s") % one["version"]) for one in changes]


def charts(found, marks) -> dict:
    """Volume, latency and class mix over time, and how sure the answers were."""
    period = found.period
    axis = {"since": period.since, "until": period.until, "marks": marks}
    points = list(zip(period.starts, found.buckets, strict=True))
    volume = [
        _line(_("answered"), points, lambda one: one.n),
        _line(_("refused or failed"), points, lambda one: one.refused + one.failed),
    ]
    latency = [
        _line(_("p50"), points, lambda one: one.percentile(0.5, 1)),
        _line(_("p95"), points, lambda one: one.percentile(0.95, LEAST_FOR_P95)),
    ]
    mix = [
        _line(label, points, lambda one, label=label: one.share(one.classes[label], one.n))
        for label, _n in found.present.classes.most_common(MOST_LINES)
    ]
    return {
        "volume": draw.time_chart(volume, y_range=(0, 1), **axis),
        "latency": draw.time_chart(latency, y_range=(0, 1), **axis),
        "mix": draw.time_chart(mix, y_range=(0, 1), **axis),
        "scores": _scores(found),
    }


def _line(name, points, value) -> dict:
    return {"name": str(name), "points": [(at, value(one)) for at, one in points]}


def _scores(found):
    """Shares of answers by confidence, now and before."""
    sides = [(_("now"), found.present), (_("the period before"), found.previous)]
    series = []
    for name, total in sides:
        if total.n >= LEAST_FOR_SHARES:
            counts = total.as_data()["scores"]
            points = [(5 * i + 2.5, n / total.n) for i, n in enumerate(counts)]
            series.append({"name": name, "points": points})
    return draw.line_chart(series, y_range=(0, 0.1), x_ticks=[0, 20, 40, 60, 80, 100])


def quality(found, marks) -> dict:
    """Realised and estimated accuracy over time, as figures, by class and by model version."""
    period = found.period
    realised = [
        (at, one.accuracy, *one.interval)
        for at, one in zip(period.starts, found.buckets, strict=True)
    ]
    estimated = [
        (at, one.value, one.low, one.high) if one else (at, None)
        for at, one in zip(period.starts, found.estimated_buckets, strict=True)
    ]
    series = [
        {"name": _("realised accuracy"), "points": realised},
        {"name": _("estimated from confidence"), "points": estimated},
    ]
    axis = {"since": period.since, "until": period.until, "marks": marks}
    versions = sorted(found.by_version.items(), reverse=True)
    return {
        "chart": draw.time_chart(series, y_range=(0.5, 1), **axis),
        "metrics": [_realised(found), _estimated(found)],
        "data": found.realised.as_data(),
        "versions": [{"number": number} | one.as_data() for number, one in versions],
        "minimum_n": MINIMUM_N,
    }


def _realised(found) -> dict:
    label, one = _("Realised accuracy"), found.realised
    if one.still_needed:
        words = ngettext(
            "shown after %s more answer", "shown after %s more answers", one.still_needed
        )
        return {"label": label, "text": "–", "note": words % one.still_needed}
    low, high = one.interval
    note = _("From feedback; who corrects mostly what is wrong makes it look worse.")
    if found.previous.accuracy is not None:
        note = _("before: %s") % percent(found.previous.accuracy)
    figure = {"value": one.accuracy, "low": low, "high": high, "n": one.n, "target": None}
    return {"label": label, "badge": "live", "note": note} | figure


def _estimated(found) -> dict:
    label, one = _("Estimated without labels"), found.estimated
    if one is None:
        return {"label": label, "text": "–", "note": _("shown from n = %s on") % MINIMUM_N}
    note = _("What the model expects of itself. It does not notice what it never learned.")
    figure = {"value": one.value, "low": one.low, "high": one.high, "n": one.n, "target": None}
    return {"label": label, "badge": "live", "note": note} | figure


def finding(one) -> dict:
    """A finding of a look, with its parts in words."""
    rows = []
    if one.kind == DriftFinding.Kind.ANSWERS:
        totals = {side: sum(one.detail[side].values()) or 1 for side in ("reference", "recent")}
        for label in sorted({*one.detail["reference"], *one.detail["recent"]}):
            shares = [percent(one.detail[s].get(label, 0) / n) for s, n in totals.items()]
            rows.append({"label": label, "reference": shares[0], "recent": shares[1]})
    elif one.kind == DriftFinding.Kind.QUALITY:
        for name, part in one.detail.items():
            numbers = [number_format(part[side], 4) for side in ("reference", "recent")]
            if name == "side":
                numbers = [_count(part[side]) for side in ("reference", "recent")]
            rows.append({"label": MEASURES[name], "reference": numbers[0], "recent": numbers[1]})
    return {"row": one, "state": "drifted" if one.has_drifted else "steady", "parts": rows}
