"""The form that chooses a network."""

from django import forms
from django.utils.translation import gettext_lazy as _

from training.engine import backbones
from training.models.run import TRAINED


class SelectionForm(forms.Form):
    """Which network, trained how, and why."""

    backbone = forms.ChoiceField(
        label=_("Network"), choices=[(one.name, one.title) for one in backbones.CATALOGUE.values()]
    )
    method = forms.ChoiceField(label=_("Method"), choices=TRAINED)
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
