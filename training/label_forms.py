"""The form of one decision on an unlabelled image."""

from django import forms
from django.utils.translation import gettext_lazy as _

ACTS = ("label", "skip", "next", "undo")


class LabelForm(forms.Form):
    """The image that was shown, and what somebody decided."""

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS], required=False)
    label = forms.CharField(max_length=80, required=False)
    item = forms.UUIDField(required=False)
    skipped = forms.BooleanField(required=False)

    def clean(self):
        data = self.cleaned_data
        data["act"] = data.get("act") or "label"
        if data["act"] != "undo" and not data.get("item"):
            raise forms.ValidationError(_("Name the image."))
        if data["act"] == "label" and not data.get("label"):
            raise forms.ValidationError({"label": _("Choose the class.")})

    @property
    def refusal(self) -> str:
        """Why it was refused, in one line."""
        return " ".join(text for errors in self.errors.values() for text in errors)
