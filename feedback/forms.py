"""Forms of feedback."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from feedback.models import Feedback
from feedback.predictions import ANSWERED, UNANSWERED

SHARE = forms.NumberInput(attrs={"min": 0, "max": 100, "step": "any"})
DAY = forms.DateInput(attrs={"type": "date"})
REFERENCE = forms.TextInput(attrs={"placeholder": _("The client's reference")})


class FeedbackForm(forms.Form):
    """One answer to a prediction."""

    verdict = forms.ChoiceField(choices=Feedback.Verdict)
    label = forms.CharField(required=False, max_length=80)
    comment = forms.CharField(required=False, max_length=1000)


class PredictionFilter(forms.Form):
    """What the list of predictions is narrowed to."""

    label = forms.ChoiceField(label=_("Label"), required=False)
    answer = forms.ChoiceField(label=_("Feedback"), required=False)
    score_from = forms.FloatField(label=_("Confidence from, %"), required=False, widget=SHARE)
    score_to = forms.FloatField(label=_("to, %"), required=False, widget=SHARE)
    since = forms.DateField(label=_("From"), required=False, widget=DAY)
    until = forms.DateField(
        label=_("to"),
        required=False,
        widget=DAY,
        validators=[MaxValueValidator(date(9998, 12, 31))],  # it has a day after it
    )
    client = forms.ChoiceField(label=_("Client"), required=False)
    reference = forms.CharField(
        label=_("Reference"), required=False, max_length=200, widget=REFERENCE
    )

    def __init__(self, *args, labels, clients, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["label"].choices = [("", _("All labels")), *((x, x) for x in labels)]
        given = [(ANSWERED, _("Answered")), (UNANSWERED, _("Not answered"))]
        self.fields["answer"].choices = [("", _("All")), *given, *Feedback.Verdict.choices]
        self.fields["client"].choices = [("", _("Everybody")), *clients]

    @property
    def narrowed(self) -> dict:
        """The valid filters by name; a wrong one narrows nothing."""
        self.full_clean()
        found = {
            name: value for name, value in self.cleaned_data.items() if value not in ("", None)
        }
        for name in found.keys() & {"score_from", "score_to"}:
            found[name] /= 100
        for name in found.keys() & {"since", "until"}:
            day = found[name] + timedelta(days=name == "until")  # the last day is one of them
            found[name] = datetime.combine(day, time.min, UTC)
        return found
