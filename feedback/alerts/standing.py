"""What alerts mean for the engagement: its health, the gate of monitoring, what it asks for."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import asks, gates, health, pages
from engagements.gates import Finding
from engagements.health import Reading
from engagements.models import Side
from engagements.phases import Phase
from feedback.alerts import words
from feedback.alerts.models import Alert, AlertRule

Severity = AlertRule.Severity
LEFT = {Severity.INFO: 0.75, Severity.WARNING: 0.5, Severity.CRITICAL: 0.0}
FRESH = timedelta(minutes=10)


def register():
    """Let alerts count into health, and let nobody go live unwatched."""
    health.register("feedback.alerts", gettext_lazy("Alerts"), 3, calm)
    title = gettext_lazy("Alert rules are watched")
    gates.register("feedback.alerted", title, [Phase.MONITORING, Phase.GO_LIVE], watched)
    asks.register(asked, alert__see=gettext_lazy("See to the alert: %(title)s"))


def calm(engagement) -> Reading:
    """1 without an open alert; a warning leaves half, a critical one nothing."""
    rules = AlertRule.objects.active().filter(endpoint__engagement=engagement)
    n = rules.exclude(evaluated_at=None).count()
    if not n:
        return Reading(None, _("No alert rule was looked at yet."))
    raised = _raised(engagement)
    severities = [one.rule.severity for one in raised]
    evidence = {"rules": n, "raised": [str(one) for one in severities]}
    if not raised:
        return Reading(1.0, _("None of %s rules raises an alert.") % n, evidence)
    named = "; ".join(words.rule(one.rule) for one in raised[:3])
    facts = {"raised": len(raised), "n": n, "named": named}
    said = _("%(raised)s of %(n)s rules raise an alert: %(named)s.") % facts
    return Reading(min(LEFT[one] for one in severities), said, evidence)


def watched(engagement) -> Finding:
    """There are active rules, and a worker looked at each of them just now."""
    url = pages.url("feedback:alerts", engagement)
    rules = AlertRule.objects.active().filter(endpoint__engagement=engagement)
    n, fresh = rules.count(), rules.filter(evaluated_at__gt=timezone.now() - FRESH).count()
    evidence = {"rules": n, "looked_at": fresh}
    if not n:
        return Finding(False, _("There is no active alert rule."), evidence, url)
    facts = {"fresh": fresh, "n": n}
    said = _("%(fresh)s of %(n)s rules were looked at in the last 10 minutes.") % facts
    return Finding(fresh == n, said, evidence, url)


def asked(engagement, gate):
    """Each alert that is firing, of its owner, or of anybody of the vendor."""
    for alert in _raised(engagement).filter(state=Alert.State.FIRING):
        owner = alert.rule.owner
        side = Side.of(owner) if owner else Side.VENDOR
        title = words.rule(alert.rule)
        yield asks.make(engagement, "alert.see", "feedback:alerts", side, owner, title=title)


def _raised(engagement):
    return Alert.objects.raised().of(engagement).newest_first()
