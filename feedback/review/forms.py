"""Forms of the review queue."""

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.review.models import Review
from feedback.review.services import MOST


class DrawForm(forms.Form):
    """How many predictions are drawn."""

    wanted = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MOST, initial=20, help_text=_("By lot, about.")
    )


class AnswerForm(forms.Form):
    """What somebody says of the item before them."""

    verdict = forms.ChoiceField(choices=Review.Verdict)
    label = forms.CharField(required=False, max_length=80)


class UndoForm(forms.Form):
    """There is nothing to say; it takes the refusal."""
