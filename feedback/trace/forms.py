"""From where a trace is taken up."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from feedback.trace.look import KINDS


class TraceForm(forms.Form):
    """The id of exactly one thing."""

    prediction = forms.UUIDField(required=False)
    image = forms.UUIDField(required=False)
    model_version = forms.UUIDField(required=False)
    run = forms.UUIDField(required=False)
    dataset_version = forms.UUIDField(required=False)

    def clean(self):
        given = [name for name in KINDS if self.data.get(name)]
        if not self.errors and len(given) != 1:
            words = _("Give the id of one of these: %s.") % ", ".join(KINDS)
            raise ValidationError({"prediction": words})
        return self.cleaned_data

    @property
    def asked(self) -> tuple:
        """The (kind, id) that was given."""
        return next((name, self.cleaned_data[name]) for name in KINDS if self.cleaned_data[name])
