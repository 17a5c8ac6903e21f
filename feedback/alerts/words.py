"""Rules and what they found, in words."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from feedback.alerts.measures import SHARES, Metric, Test
from lepton.templatetags.ui import duration, interval, percent


def rule(one) -> str:
    """A rule as a sentence: “Latency, 95th percentile is above 500 ms within 1 h 0 min”."""
    said = {"metric": one.get_metric_display(), "test": one.get_test_display()}
    if one.test == Test.DRIFTED:
        return _("%(metric)s: the newest look found a difference") % said
    said |= {"threshold": _threshold(one), "window": duration(one.window_minutes * 60)}
    return _("%(metric)s %(test)s %(threshold)s within %(window)s") % said


def found(one, outcome) -> str:
    """What an evaluation found, with its n and interval."""
    now = outcome.reading
    if outcome.is_met is None and now.value is None:
        needed = {"n": now.n, "needed": one.minimum_n}
        return _("Too little to say: n = %(n)s of %(needed)s.") % needed
    if one.test == Test.DRIFTED:
        facts = {"p": number_format(round(now.value, 4), 4), "n": now.n}
        return _("Corrected p-value %(p)s, n = %(n)s.") % facts
    words = amount(one.metric, now.value)
    if now.low is not None:
        words += _(" (95%% interval %s)") % interval(now.low, now.high)
    words += _(", n = %s") % number_format(now.n)
    if outcome.previous and outcome.previous.value is not None:
        words += _(", before: %s") % amount(one.metric, outcome.previous.value)
    if outcome.is_met is None:
        words += _("; %s needed") % one.minimum_n
    return words + "."


def amount(metric, value) -> str:
    """A value of a metric with its unit."""
    if metric in SHARES:
        return percent(value)
    if metric == Metric.LATENCY:
        return _("%s ms") % number_format(round(value), 0)
    return number_format(round(value), 0)


def _threshold(one) -> str:
    is_change = one.test in (Test.RISE, Test.FALL)
    if is_change and one.metric in SHARES:
        return _("%s points") % number_format(round(one.threshold * 100, 1), 1)
    return percent(one.threshold) if is_change else amount(one.metric, one.threshold)
