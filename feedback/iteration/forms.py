"""Forms of data iterations."""

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.iteration.models import IterationPolicy
from feedback.iteration.policies import FIELDS


class PolicyForm(forms.ModelForm):
    """When data iterations start, and who promotes what wins."""

    protected_classes = forms.MultipleChoiceField(
        label=_("Protected classes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of these the challenger may lose no image more than it gains."),
    )
    protected_slices = forms.MultipleChoiceField(
        label=_("Protected slices"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Parts of the holdout by metadata; of these neither."),
    )

    class Meta:
        model = IterationPolicy
        fields = FIELDS
        widgets = {"mode": forms.RadioSelect, "method": forms.RadioSelect}
        labels = {
            "mode": _("How much happens by itself"),
            "method": _("The challenger is"),
            "least_corrections": _("Start at so many accepted corrections"),
            "every_days": _("Or every so many days"),
            "demotes": _("Roll back by itself when accuracy in use surely falls"),
            "watch_days": _("Watch a promoted model for so many days"),
        }
        help_texts = {
            "every_days": _("Empty: no schedule."),
            "margin": _(
                "0 asks that it is surely better. 0.05 asks that it is right more often, and surely"
                " not worse by 5 points."
            ),
        }

    def __init__(self, *args, classes=(), slices=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["protected_classes"].choices = [(name, name) for name in classes]
        parts = [*slices, *(one for one in self.instance.protected_slices if one not in slices)]
        if parts:
            self.fields["protected_slices"].choices = [(part, part) for part in parts]
        else:
            del self.fields["protected_slices"]  # the holdout's images have no metadata

    def _post_clean(self):
        """The service checks, so that page and API refuse in the same words."""

    @property
    def changes(self) -> dict:
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.fields}


class DeclineForm(forms.Form):
    """Why the champion is kept."""

    reason = forms.CharField(label=_("Reason"), max_length=500)
