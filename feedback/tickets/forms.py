"""Forms of tickets."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from engagements.response import Severity


class TicketForm(forms.Form):
    """What somebody needs help with."""

    subject = forms.CharField(label=_("What is it about?"), max_length=200)
    severity = forms.ChoiceField(
        label=_("How bad is it"), choices=Severity, initial=Severity.NORMAL
    )
    text = forms.CharField(
        label=_("What happens, and what did you expect?"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    file = forms.FileField(label=_("A file, if it helps"), required=False)
    prediction = forms.UUIDField(required=False, widget=forms.HiddenInput)
    model_version = forms.UUIDField(required=False, widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """A message in a ticket."""

    text = forms.CharField(
        label=_("Your message"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    file = forms.FileField(label=_("A file, if it helps"), required=False)
    is_private = forms.BooleanField(
        label=_("Only for us: the customer never sees it"), required=False
    )
    keeps_open = forms.BooleanField(label=_("We are still on it"), required=False)

    def __init__(self, *args, as_vendor, **kwargs):
        super().__init__(*args, **kwargs)
        if not as_vendor:
            del self.fields["is_private"], self.fields["keeps_open"]


class TriageForm(forms.Form):
    """How bad it is, and who sees to it."""

    severity = forms.ChoiceField(label=_("How bad is it"), choices=Severity)
    assignee = forms.ModelChoiceField(
        label=_("Who sees to it"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody yet"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(is_active=True).exclude(staff_role="")
        self.fields["assignee"].queryset = staff.order_by("name", "email")
