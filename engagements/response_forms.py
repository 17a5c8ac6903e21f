"""The form of response times."""

from django import forms
from django.utils.translation import gettext_lazy as _

from engagements.response import DEFAULT_HOURS, MOST_HOURS, Severity


class HoursForm(forms.Form):
    """Hours until a first answer, by severity; an empty one is as by default."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for severity in Severity:
            words = _("Hours; %s if left empty.") % DEFAULT_HOURS[severity]
            self.fields[severity.value] = forms.IntegerField(
                label=severity.label,
                required=False,
                min_value=1,
                max_value=MOST_HOURS,
                help_text=words,
            )
