"""The form of a load test."""

import math

from django import forms
from django.utils.translation import gettext_lazy as _

from serving.exercises import load_tests
from serving.exercises.rows import MOST_SECONDS

PEAK = 10  # times the mean: what comes in a busy hour
USUAL_PER_SECOND, USUAL_SECONDS, USUAL_AT_ONCE = 10, 10, 8


class LoadTestForm(forms.Form):
    """How much, how long, how many at once."""

    per_second = forms.IntegerField(
        label=_("Requests a second"),
        min_value=1,
        help_text=_("No more than a key of this tenant may send."),
    )
    seconds = forms.IntegerField(label=_("Seconds"), min_value=1, max_value=MOST_SECONDS)
    at_once = forms.IntegerField(
        label=_("At once"),
        min_value=1,
        help_text=_("Half of the tenant's share at most, so that its programs keep the rest."),
    )

    def __init__(self, data=None, *, engagement):
        super().__init__(data, initial=usual(engagement), auto_id="load_%s")
        for name, most in (
            ("per_second", load_tests.most_per_second()),
            ("at_once", load_tests.most_at_once()),
        ):
            self.fields[name].widget.attrs["max"] = most


def usual(engagement) -> dict:
    """A test that says something: ten times the mean of the volume a day, for ten seconds."""
    volume = load_tests.objectives(engagement)["volume_per_day"] or 0
    wanted = max(USUAL_PER_SECOND, math.ceil(PEAK * volume / 86_400))
    return {
        "per_second": min(wanted, load_tests.most_per_second()),
        "seconds": USUAL_SECONDS,
        "at_once": min(USUAL_AT_ONCE, load_tests.most_at_once()),
    }
