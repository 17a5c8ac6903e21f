"""Evaluates rules from rows alone: pending, firing, resolved; nobody is told twice."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, mails
from engagements import timeline
from feedback.alerts import firing, measures, words
from feedback.alerts.models import Alert, AlertRule, may_own
from feedback.monitoring.topics import monitoring_topic
from lepton.lib import live
from lepton.lib.words import in_english

State = Alert.State


def evaluate(endpoint) -> None:
    """Hold every active rule of an endpoint against the rows as they are now."""
    champion = endpoint.champion
    with in_english():
        for rule in AlertRule.objects.active().filter(endpoint=endpoint).select_related("owner"):
            rule.endpoint = endpoint
            _evaluate(rule, champion)


def _evaluate(rule, champion):
    outcome = measures.look(rule, champion)
    said, now = words.found(rule, outcome), timezone.now()
    with transaction.atomic():
        AlertRule.objects.filter(pk=rule.pk).update(evaluated_at=now, words=said[:300])
        alert = rule.alerts.still_open().select_for_update().first()
        if outcome.is_met:
            _met(rule, alert, outcome, said, champion)
        elif alert and _is_over(alert, rule, outcome, champion):
            resolve(alert, said)


def _met(rule, alert, outcome, said, champion):
    version = champion and champion.model_version.number
    facts = {"words": said[:300], "evidence": outcome.evidence | {"version": version}}
    if alert is None:
        alert = Alert.objects.create(rule=rule, **facts)
        _look_again(rule)
    has_held = timezone.now() - alert.pending_at >= timedelta(minutes=rule.hold_minutes)
    if alert.state == State.PENDING and has_held and not rule.is_silenced:
        _fire(alert, rule, facts)


def _is_over(alert, rule, outcome, champion) -> bool:
    """It is not met any more, or it was about a model version that does not answer any more."""
    if outcome.is_met is False:
        return True
    is_other = champion and alert.evidence.get("version") != champion.model_version.number
    return bool(is_other) and rule.metric in measures.OF_ONE_VERSION


def _fire(alert, rule, facts):
    pending = Alert.objects.filter(pk=alert.pk, state=State.PENDING)
    if not pending.update(state=State.FIRING, fired_at=timezone.now(), **facts):
        return
    alert.refresh_from_db()
    alert.rule = rule
    _mail(alert, "fired", _("Alert: %s"))
    _tell(alert, "alert.fired", by=None)
    firing.tell(alert)


def resolve(alert, said="", *, by=None) -> None:
    """End an alert; one that never fired leaves no trace."""
    if alert.state == State.PENDING:
        alert.delete()
        _look_again(alert.rule)
        return
    ended = {"state": State.RESOLVED, "resolved_at": timezone.now()}
    if Alert.objects.raised().filter(pk=alert.pk).update(**ended, words=said[:300] or alert.words):
        alert.words = said or alert.words
        _mail(alert, "resolved", _("Resolved: %s"))
        _tell(alert, "alert.resolved", by=by)


def _tell(alert, kind, *, by):
    """Timeline (and with it webhooks and health), audit, live pages."""
    engagement = alert.rule.endpoint.engagement
    facts = {"rule": words.rule(alert.rule), "words": alert.words}
    facts["severity"] = alert.rule.severity
    timeline.record(engagement, kind, by=by, url=page_of(engagement), **facts)
    audit.record(kind, alert, by=by, rule=str(alert.rule_id), words=alert.words)
    _look_again(alert.rule)


def _mail(alert, template, subject):
    rule, engagement = alert.rule, alert.rule.endpoint.engagement
    if rule.owner is None or not rule.owner.is_active or not may_own(rule.owner):
        return
    said = {"alert": alert, "rule": words.rule(rule), "runbook": rule.runbook_url}
    said |= {"engagement": engagement, "tenant": engagement.tenant}
    said["url"] = settings.LEPTON_PUBLIC_URL + page_of(engagement)
    title = subject % f"{engagement.name}, {rule.get_metric_display()}"
    mails.send(rule.owner, title, f"feedback/mail_alert_{template}.txt", said)


def page_of(engagement) -> str:
    return reverse("feedback:alerts", args=[engagement.tenant.slug, engagement.pk])


def _look_again(rule):
    endpoint = rule.endpoint
    live.look_again(endpoint.tenant_id, monitoring_topic(endpoint.pk))
