"""Forms of feedback."""

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.models import Feedback
from feedback.predictions import ANSWERED, UNANSWERED


class FeedbackForm(forms.Form):
    """One answer to a prediction."""

    verdict = forms.ChoiceField(choices=Feedback.Verdict)
    label = forms.CharField(required=False, max_length=80)
    comment = forms.CharField(required=False, max_length=1000)


class PredictionFilter(forms.Form):
    """What the list of predictions is narrowed to."""

    label = forms.ChoiceField(label=_("Label"), required=False)
    answer = forms.ChoiceField(label=_("Feedback"), required=False)

    def __init__(self, *args, labels, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["label"].choices = [("", _("All labels")), *((x, x) for x in labels)]
        given = [(ANSWERED, _("Answered")), (UNANSWERED, _("Not answered"))]
        self.fields["answer"].choices = [("", _("All")), *given, *Feedback.Verdict.choices]

    @property
    def narrowed(self) -> dict:
        """The valid filters; a wrong one narrows nothing."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
