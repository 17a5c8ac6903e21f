"""The form of the threshold: which class, and from which score on an answer counts as it."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ThresholdForm(forms.Form):
    """A class and a threshold; a wrong one counts as not given."""

    label = forms.ChoiceField(label=_("Class"), required=False)
    threshold = forms.FloatField(label=_("Threshold"), min_value=0, max_value=1, required=False)

    def __init__(self, data, *, classes):
        super().__init__(data)
        self.classes = classes
        self.fields["label"].choices = [(label, label) for label in classes]

    @property
    def asked(self) -> dict:
        """The class, the last one if none is named, and the threshold or None."""
        self.full_clean()
        label = self.cleaned_data.get("label") or self.classes[-1]
        return {"label": label, "threshold": self.cleaned_data.get("threshold")}
