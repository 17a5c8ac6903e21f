"""The rules every endpoint has from its first deployment on, with the promises' own numbers."""

from django.db import transaction

from accounts import audit
from feedback import tasks
from feedback.alerts.models import AlertRule
from lepton.lib.wake import wake_on_commit
from serving.models import Endpoint

Metric, Test, Severity = AlertRule.Metric, AlertRule.Test, AlertRule.Severity
HOUR, DAY = 60, 1440
DRIFT = {"test": Test.DRIFTED, "minimum_n": 30}
WARNING = {"severity": Severity.WARNING}
CRITICAL = {"severity": Severity.CRITICAL}


def entry_made(entry, *, by) -> None:
    """A model was deployed: its endpoint is watched from now on."""
    if entry.kind == "model.deployed":
        for endpoint in entry.engagement.endpoints.all():
            ensure(endpoint)


def ensure(endpoint) -> None:
    """Make the rules of an endpoint that has none; rules turned off stay off."""
    if endpoint.alert_rules.exists():
        return
    with transaction.atomic():
        Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        if endpoint.alert_rules.exists():
            return
        owner = endpoint.engagement.account_manager
        common = {"endpoint": endpoint, "owner": owner, "created_by_label": "Lepton"}
        made = AlertRule.objects.bulk_create(
            AlertRule(**common, **facts) for facts in of(endpoint.engagement)
        )
        audit.record("alert_rules.made", endpoint, by=None, rules=len(made))
        wake_on_commit(tasks.watch)


def of(engagement) -> list[dict]:
    """The facts of each rule; targets and limits are what was promised, where something was."""
    requirement, contract = engagement.requirement, engagement.contract
    rules = [
        {
            "metric": Metric.FAILED,
            "test": Test.ABOVE,
            "threshold": 0.02,
            "window_minutes": 15,
            "minimum_n": 50,
            **CRITICAL,
        },
        *_latency(requirement, contract),
        {
            "metric": Metric.VOLUME,
            "test": Test.FALL,
            "threshold": 0.8,
            "window_minutes": DAY,
            "minimum_n": 100,
            **WARNING,
        },
        {
            "metric": Metric.DOUBTFUL,
            "test": Test.RISE,
            "threshold": 0.1,
            "window_minutes": DAY,
            "minimum_n": 50,
            **WARNING,
        },
        _accuracy(Metric.ACCURACY, requirement, 7 * DAY, 20) | CRITICAL,
        _accuracy(Metric.ESTIMATED, requirement, DAY, 50) | WARNING,
    ]
    drifts = (Metric.DRIFT_INPUTS, Metric.DRIFT_ANSWERS, Metric.DRIFT_QUALITY)
    return rules + [{"metric": metric, **DRIFT, **WARNING} for metric in drifts]


def _latency(requirement, contract):
    limit_ms = contract and contract.p95_latency_ms
    limit_ms = limit_ms or (requirement and requirement.p95_latency_ms)
    if limit_ms:
        yield {
            "metric": Metric.LATENCY,
            "test": Test.ABOVE,
            "threshold": limit_ms,
            "window_minutes": HOUR,
            "hold_minutes": 5,
            **WARNING,
        }
    else:
        yield {
            "metric": Metric.LATENCY,
            "test": Test.RISE,
            "threshold": 1.0,
            "window_minutes": HOUR,
            "hold_minutes": 5,
            "minimum_n": 50,
            **WARNING,
        }


def _accuracy(metric, requirement, window_minutes, minimum_n) -> dict:
    """Below the target, or where there is none, lower than before by five points."""
    facts = {"metric": metric, "window_minutes": window_minutes, "minimum_n": minimum_n}
    if requirement and requirement.metric == "accuracy" and requirement.target:
        return facts | {"test": Test.BELOW, "threshold": float(requirement.target)}
    return facts | {"test": Test.FALL, "threshold": 0.05}
