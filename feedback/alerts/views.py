"""Pages of alerts and their rules."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import member_page
from accounts.roles import Capability, may
from engagements import pages
from feedback.alerts import forms, services, words
from feedback.models import Alert, AlertRule
from feedback.monitoring.topics import monitoring_topic
from feedback.monitoring.views import endpoint_of
from lepton.lib.refusals import refusals_in, refusals_told

HISTORY = 50


@require_GET
@member_page()
def alerts(request, engagement):
    """Open alerts, the rules, and what was; the list alone for a page that is watching."""
    return _list(request, pages.engagement_of(engagement))


@require_POST
@member_page(Capability.RUN)
def create_rule(request, engagement):
    """Add a rule."""
    engagement = pages.engagement_of(engagement)
    form = forms.RuleForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            endpoint = endpoint_of(engagement)
            services.create_rule(endpoint, **form.cleaned_data, by=request.user)
            messages.success(request, _("The rule is watched from now on."))
            return redirect("feedback:alerts", request.tenant.slug, engagement.pk)
    return _list(request, engagement, form=form, status=422)


@require_http_methods(["GET", "POST"])
@member_page(Capability.RUN)
def rule(request, engagement, rule):
    """Change a rule, or turn it off."""
    engagement = pages.engagement_of(engagement)
    row = rule_of(engagement, rule)
    form = forms.ChangeRuleForm(request.POST or None, rule=row)
    if form.is_valid():
        with refusals_in(form):
            services.change_rule(row, **form.cleaned_data, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("feedback:alerts", request.tenant.slug, engagement.pk)
    trail = (_("Alerts"), pages.url("feedback:alerts", engagement))
    context = pages.frame(engagement, trail, row.get_metric_display())
    context |= {"rule": row, "said": words.rule(row), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "feedback/alerts/rule.html", context, status=status)


@require_POST
@member_page(Capability.RUN)
def silence(request, engagement, rule):
    """Let nothing of a rule fire for a while."""
    engagement = pages.engagement_of(engagement)
    row, form = rule_of(engagement, rule), forms.SilenceForm(request.POST)
    if form.is_valid():
        with refusals_told(request):
            services.silence(row, until=form.until, by=request.user)
    else:
        messages.error(request, _("Choose how long it is to be silent."))
    return redirect("feedback:alerts", request.tenant.slug, engagement.pk)


@require_POST
@member_page(Capability.RUN)
def acknowledge(request, engagement, alert):
    """Say that one looks after an alert."""
    engagement = pages.engagement_of(engagement)
    with refusals_told(request):
        services.acknowledge(alert_of(engagement, alert), by=request.user)
    return redirect("feedback:alerts", request.tenant.slug, engagement.pk)


def rule_of(engagement, pk) -> AlertRule:
    rows = AlertRule.objects.select_related("endpoint__engagement__tenant", "owner")
    return get_object_or_404(rows, pk=pk, endpoint__engagement=engagement)


def alert_of(engagement, pk) -> Alert:
    return get_object_or_404(Alert.objects.of(engagement).newest_first(), pk=pk)


def _list(request, engagement, *, form=None, status=200):
    endpoint = engagement.endpoints.first()
    found = Alert.objects.of(engagement).newest_first()
    rules = AlertRule.objects.for_lists().filter(endpoint__engagement=engagement)
    trail = (_("Monitoring"), pages.url("feedback:monitoring", engagement))
    context = pages.frame(engagement, trail, _("Alerts")) | {
        "endpoint": endpoint,
        "topic": monitoring_topic(endpoint.pk) if endpoint else "",
        "open": [_told(one) for one in found.still_open()],
        "over": [_told(one) for one in found.filter(state=Alert.State.RESOLVED)[:HISTORY]],
        "rules": [{"row": one, "said": words.rule(one)} for one in rules],
        "form": form or forms.RuleForm(),
        "silences": forms.SILENCES,
        "may_change": may(request.role, Capability.RUN),
    }
    fragment = request.htmx and request.method == "GET"
    template = "feedback/alerts/_list.html" if fragment else "feedback/alerts/list.html"
    return render(request, template, context, status=status)


def _told(alert) -> dict:
    return {"row": alert, "said": words.rule(alert.rule)}
