"""The form of a webhook."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import RotateForm
from engagements.models import Webhook
from engagements.webhooks.kinds import KINDS


class RotateSecretForm(RotateForm):
    """How long the old secret goes on signing beside the new one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["overlap"].label = _("The old secret stops signing")


class WebhookForm(forms.Form):
    """Where to send what."""

    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=_("Begins with https:// and lies in the public internet."),
    )
    description = forms.CharField(label=_("Description"), max_length=200, required=False)
    events = forms.MultipleChoiceField(
        label=_("What it is told"), choices=KINDS.items(), widget=forms.CheckboxSelectMultiple
    )

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookForm":
        """Return the form filled with what stands."""
        values = {name: getattr(webhook, name) for name in cls.base_fields}
        return cls(initial=values)
