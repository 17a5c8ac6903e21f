"""Alerts as reasons: drift, and accuracy that fell, start a data iteration where the policy lets
things start by themselves; what drifted most is shown to reviewers."""

import numpy as np
from django.utils.translation import gettext_lazy as _

from feedback.alerts import firing, words
from feedback.alerts.models import Alert, AlertRule
from feedback.iteration import due, triggers
from feedback.monitoring.models import DriftFinding
from feedback.review import sources

Metric = AlertRule.Metric
DRIFT = [Metric.DRIFT_INPUTS, Metric.DRIFT_ANSWERS, Metric.DRIFT_QUALITY]
ACCURACY = [Metric.ACCURACY, Metric.ESTIMATED]
NEWEST_FINDINGS = 10


def register():
    """Let alerts start data iterations, and drift bring predictions into the review queue."""
    triggers.register("drift", _("Alert of drift"), drift)
    triggers.register("accuracy", _("Alert of accuracy"), accuracy)
    sources.register("drifted", _("Unlike what the model learned from"), drifted)
    firing.on_firing(fired)


def drift(engagement, policy, since) -> str | None:
    """An alert of drift fired since the last data iteration and is not over."""
    return _raised(engagement, DRIFT, since)


def accuracy(engagement, policy, since) -> str | None:
    """An alert of falling accuracy fired since the last data iteration and is not over."""
    return _raised(engagement, ACCURACY, since)


def drifted(engagement, predictions) -> np.ndarray:
    """Inputs that the newest looks found to be the furthest off."""
    rows = DriftFinding.objects.filter(look__endpoint__engagement=engagement, has_drifted=True)
    details = rows.order_by("-at").values_list("detail", flat=True)[:NEWEST_FINDINGS]
    most = {pk for detail in details for pk in detail.get("most", [])}
    return np.array([str(one.pk) in most for one in predictions], float)


def fired(alert) -> None:
    """Look at once whether a data iteration should start."""
    if alert.rule.metric in (*DRIFT, *ACCURACY):
        due.look_at([], accepted=[alert.rule.endpoint.engagement])


def _raised(engagement, metrics, since):
    alerts = Alert.objects.raised().of(engagement).filter(rule__metric__in=metrics)
    if since:
        alerts = alerts.filter(fired_at__gt=since)
    first = alerts.newest_first().first()
    return first and words.rule(first.rule)[:200]
