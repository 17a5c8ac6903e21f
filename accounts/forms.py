"""Forms of members, API keys and the audit page."""

from datetime import UTC, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import Capability, Role, scopes_of
from accounts.templatetags.audit import verb
from lepton.lib.zones import zone_named

LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("", _("Never"))]
OVERLAPS = [("0", _("Right away")), ("1", _("In 1 hour")), ("24", _("In 1 day"))]
OVERLAPS += [("168", _("In 7 days")), ("720", _("In 30 days"))]


class MemberForm(forms.Form):
    """A person to invite."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("Email"))
    role = forms.ChoiceField(label=_("Role"), choices=Role, initial=Role.EDITOR)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role)


class KeyForm(forms.Form):
    """A new API key; `role` is that of who makes it."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Where it is used, as in “line 4 camera”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        initial=[Capability.PREDICT, Capability.FEEDBACK],
    )
    lifetime = forms.ChoiceField(
        label=_("Expires after"), choices=LIFETIMES, required=False, initial="365"
    )

    def __init__(self, *args, role, **kwargs):
        super().__init__(*args, **kwargs)
        mine = [(scope.value, scope.label) for scope in scopes_of(role)]
        self.fields["scopes"].choices = mine

    @property
    def expires_at(self):
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class RotateForm(forms.Form):
    """How long the old key goes on working beside the new one."""

    overlap = forms.ChoiceField(
        label=_("The old key stops working"), choices=OVERLAPS, initial="24"
    )

    @property
    def until(self):
        return timezone.now() + timedelta(hours=int(self.cleaned_data["overlap"]))


class AuditFilter(forms.Form):
    """What the audit page is narrowed to."""

    who = forms.CharField(
        label=_("Who"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Person or key")}),
    )
    verb = forms.ChoiceField(label=_("What"), required=False)
    day = forms.DateField(
        label=_("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    zone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-zone": ""}))

    def __init__(self, *args, verbs, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["verb"].choices = [("", _("Everything")), *((v, verb(v)) for v in verbs)]

    def clean_zone(self):
        """The reader's zone, on whose clock the page shows times; UTC if none is known."""
        return zone_named(self.cleaned_data["zone"]) or UTC

    @property
    def narrowed(self) -> dict:
        """The valid filters; a wrong one narrows nothing."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) for name in self.fields}
