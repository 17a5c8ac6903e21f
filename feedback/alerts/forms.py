"""Forms of alert rules."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from feedback.alerts.models import AlertRule

WINDOWS = [
    (15, _("15 minutes")),
    (60, _("1 hour")),
    (360, _("6 hours")),
    (1440, _("1 day")),
    (10_080, _("7 days")),
    (43_200, _("30 days")),
]
SILENCES = [(1, _("1 hour")), (8, _("8 hours")), (24, _("1 day")), (168, _("7 days"))]


class RuleForm(forms.Form):
    """What a rule watches for."""

    metric = forms.ChoiceField(label=_("Metric"), choices=AlertRule.Metric)
    test = forms.ChoiceField(label=_("Alerts when it"), choices=AlertRule.Test)
    threshold = forms.FloatField(
        label=_("Threshold"),
        initial=0,
        help_text=_("Shares from 0 to 1, latency in ms. Drift has none."),
    )
    window_minutes = forms.TypedChoiceField(
        label=_("Within"), coerce=int, choices=WINDOWS, initial=60
    )
    minimum_n = forms.IntegerField(
        label=_("Minimum n"), initial=20, min_value=0, max_value=1_000_000
    )
    hold_minutes = forms.IntegerField(
        label=_("Must hold for, minutes"), initial=0, min_value=0, max_value=1440
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=AlertRule.Severity, initial=AlertRule.Severity.WARNING
    )
    owner = forms.ModelChoiceField(
        None, label=_("Owner"), required=False, empty_label=_("Nobody is mailed")
    )
    runbook_url = forms.URLField(
        label=_("Runbook"), required=False, max_length=500, assume_scheme="https"
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        members = Membership.objects.values_list("user", flat=True)
        people = User.objects.filter(is_active=True)
        choices = people.filter(pk__in=list(members)) | people.exclude(staff_role="")
        self.fields["owner"].queryset = choices.order_by("name")


class ChangeRuleForm(RuleForm):
    """A rule that stands; its metric stays."""

    is_active = forms.BooleanField(label=_("Active"), required=False)

    def __init__(self, *args, rule, **kwargs):
        names = ("test", "threshold", "window_minutes", "minimum_n", "hold_minutes", "severity")
        names += ("owner", "runbook_url", "is_active")
        kwargs.setdefault("initial", {name: getattr(rule, name) for name in names})
        super().__init__(*args, **kwargs)
        del self.fields["metric"]
        window = self.fields["window_minutes"]
        if rule.window_minutes not in dict(WINDOWS):
            window.choices = [*WINDOWS, (rule.window_minutes, f"{rule.window_minutes} min")]


class SilenceForm(forms.Form):
    """How long nothing of a rule fires; none ends the silence."""

    hours = forms.TypedChoiceField(
        label=_("Silence for"), coerce=int, choices=[(0, _("not at all")), *SILENCES]
    )

    @property
    def until(self):
        hours = self.cleaned_data["hours"]
        return timezone.now() + timedelta(hours=hours) if hours else None
