"""Rules and what they found, in words."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.alerts.measures import SHARES, Metric, Test
from lepton.lib.words import in_english
from lepton.templatetags.ui import interval, percent


def rule(one) -> str:
    """A rule as a sentence: “Latency, 95th percentile is above 500 ms within 1 hour”."""
    said = {"metric": one.get_metric_display(), "test": one.get_test_display()}
    if one.test == Test.DRIFTED:
        return _("%(metric)s: the newest look found a difference") % said
    said |= {"threshold": _threshold(one), "window": window(one.window_minutes)}
    return _("%(metric)s %(test)s %(threshold)s within %(window)s") % said


def kept(one) -> str:
    """A rule as a sentence, in the language that rows are kept in."""
    with in_english():
        return rule(one)


def found(one, outcome) -> str:
    """What an evaluation found, with its n and interval."""
    now = outcome.reading
    if outcome.is_met is None:
        needed = {"n": outcome.n, "needed": one.minimum_n}
        return _("Too little to say: n = %(n)s of %(needed)s.") % needed
    if one.test == Test.DRIFTED:
        p_value = _("below 0.0001")
        if now.value >= 0.0001:
            p_value = number_format(round(now.value, 4), 4)
        return _("Corrected p-value %(p)s, n = %(n)s.") % {"p": p_value, "n": now.n}
    words = amount(one.metric, now.value)
    if now.low is not None:
        words += _(" (95%% interval %s)") % interval(now.low, now.high)
    words += _(", n = %s") % number_format(now.n)
    if outcome.previous and outcome.previous.value is not None:
        words += _(", before: %s") % amount(one.metric, outcome.previous.value)
    return words + "."


def amount(metric, value) -> str:
    """A value of a metric with its unit."""
    if metric in SHARES:
        return percent(value)
    if metric == Metric.LATENCY:
        return _("%s ms") % number_format(round(value), 0)
    return number_format(round(value), 0)


def window(minutes) -> str:
    """A window as people say it: “15 minutes”, “1 hour”, “7 days”."""
    if minutes % 1440 == 0:
        return ngettext("%s day", "%s days", minutes // 1440) % (minutes // 1440)
    if minutes % 60 == 0:
        return ngettext("%s hour", "%s hours", minutes // 60) % (minutes // 60)
    return ngettext("%s minute", "%s minutes", minutes) % minutes


def _threshold(one) -> str:
    is_change = one.test in (Test.RISE, Test.FALL)
    if is_change and one.metric in SHARES:
        return _("%s points") % number_format(round(one.threshold * 100, 1), 1)
    return percent(one.threshold) if is_change else amount(one.metric, one.threshold)
