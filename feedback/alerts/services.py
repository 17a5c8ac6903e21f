"""What people do with rules and alerts."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import timeline
from feedback.alerts import evaluation, words
from feedback.alerts.measures import DRIFT, SHARES, Metric, Test
from feedback.alerts.models import Alert, AlertRule, may_own
from feedback.monitoring.topics import monitoring_topic
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.words import in_english
from serving.models import Endpoint

MOST_RULES = 50
MOST_SILENCE = timedelta(days=30)
CHANGEABLE = {
    "test",
    "threshold",
    "window_minutes",
    "minimum_n",
    "hold_minutes",
    "severity",
    "owner",
    "runbook_url",
    "is_active",
}


def create_rule(endpoint, *, by, **facts) -> AlertRule:
    """Watch a metric of an endpoint from now on."""
    rule = AlertRule(endpoint=endpoint, **facts, **author(by))
    _check(rule)
    with transaction.atomic():
        Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        if endpoint.alert_rules.count() >= MOST_RULES:
            raise Conflict(_("There are %s rules already: change one of them.") % MOST_RULES)
        rule.save(force_insert=True)
        audit.record("alert_rule.created", rule, by=by, rule=words.kept(rule))
        _look_again(endpoint)
    return rule


def change_rule(rule, *, by, **changes) -> AlertRule:
    """Change what a rule watches for; one that is turned off ends its alert."""
    if unknown := sorted(changes.keys() - CHANGEABLE):
        raise ValidationError({name: _("This cannot be changed.") for name in unknown})
    with transaction.atomic():
        rule = _locked(rule)
        for name, value in changes.items():
            setattr(rule, name, value)
        _check(rule)
        rule.save(update_fields=[*changes])
        audit.record("alert_rule.changed", rule, by=by, rule=words.kept(rule))
        if not rule.is_active and (alert := rule.alerts.still_open().first()):
            with in_english():
                evaluation.resolve(alert, _("The rule was turned off."), by=by)
        _look_again(rule.endpoint)
    return rule


def silence(rule, *, until, by) -> AlertRule:
    """Let nothing of a rule fire until then; None ends the silence."""
    now = timezone.now()
    if until and not now < until <= now + MOST_SILENCE:
        message = _("Choose a time in the next %s days.") % MOST_SILENCE.days
        raise ValidationError({"until": message})
    with transaction.atomic():
        rule = _locked(rule)
        rule.silenced_until = until
        rule.save(update_fields=["silenced_until"])
        detail = {"until": until and until.isoformat()}
        audit.record("alert_rule.silenced", rule, by=by, **detail)
        _look_again(rule.endpoint)
    return rule


def acknowledge(alert, *, by) -> None:
    """Say that somebody looks after it; it stays open until it is over."""
    seen = {"state": Alert.State.ACKNOWLEDGED, "acknowledged_at": timezone.now()}
    seen["acknowledged_by"] = by if isinstance(by, User) else None
    with transaction.atomic():
        firing = Alert.objects.filter(pk=alert.pk, state=Alert.State.FIRING)
        if not firing.update(**seen):
            raise Conflict(_("Only an alert that is firing can be acknowledged."))
        engagement = alert.rule.endpoint.engagement
        told = {"rule": words.kept(alert.rule), "url": evaluation.page_of(engagement)}
        timeline.record(engagement, "alert.acknowledged", by=by, **told)
        audit.record("alert.acknowledged", alert, by=by)
        _look_again(alert.rule.endpoint)


def _check(rule):
    """Refuse a rule that makes no sense, naming the field."""
    rule.clean_fields(exclude={"created_by", "endpoint", "tenant", "evaluated_at"})
    _check_owner(rule.owner)
    is_drift = rule.metric in DRIFT
    if is_drift != (rule.test == Test.DRIFTED):
        words_ = _("Drift has “has drifted” as its test, and nothing else has.")
        raise ValidationError({"test": words_})
    if is_drift:
        return
    is_share = rule.metric in SHARES or rule.test == Test.FALL
    if rule.threshold < 0 or (is_share and rule.threshold > 1):
        raise ValidationError({"threshold": _("Give a share between 0 and 1.")})
    if rule.metric not in SHARES and rule.metric != Metric.VOLUME and rule.threshold == 0:
        raise ValidationError({"threshold": _("Give a number above 0.")})


def _check_owner(owner):
    """An owner must be able to see what they are mailed about."""
    if owner is not None and not may_own(owner):
        raise ValidationError({"owner": _("Choose a member, or somebody of the vendor.")})


def _locked(rule) -> AlertRule:
    rows = AlertRule.objects.select_related("endpoint__engagement__tenant")
    return rows.select_for_update(of=("self",)).get(pk=rule.pk)


def _look_again(endpoint):
    live.look_again(endpoint.tenant_id, monitoring_topic(endpoint.pk))
