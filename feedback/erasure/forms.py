"""Forms of erasures."""

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.erasure.models import Erasure


class ErasureForm(forms.ModelForm):
    """Whose data, and why."""

    class Meta:
        model = Erasure
        fields = ["kind", "subject", "reason"]
        labels = {"kind": _("Known by"), "subject": _("Which one"), "reason": _("Reason")}
        help_texts = {
            "subject": _("The reference, the group's name, or the id of the image or prediction."),
            "reason": _("Who asked for it, and when."),
        }
        widgets = {"reason": forms.Textarea(attrs={"rows": 2})}


class ConfirmForm(forms.Form):
    """That somebody saw the list and means it."""

    touches_sha256 = forms.CharField(widget=forms.HiddenInput)
    others = forms.ChoiceField(
        label=_("The same pictures that belong to others too"),
        choices=Erasure.Others,
        widget=forms.RadioSelect,
        required=False,
    )
    is_sure = forms.BooleanField(label=_("I have read the list. This cannot be undone."))
