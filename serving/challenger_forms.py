"""Forms of what runs beside the champion."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lepton.lib.zones import zone_named
from serving.forms import VersionChoice
from serving.models import Challenger

STEPS = (1, 5, 10, 25, 50, 100)
SHADOW_PERCENT, CANARY_PERCENT = 100, 5  # what is suggested first


class ChallengeForm(forms.ModelForm):
    """Which model version runs beside the champion, as what, for how much."""

    model_version = VersionChoice(None, label=_("Model version"))
    share_percent = forms.TypedChoiceField(
        label=_("Share of the requests"), coerce=int, choices=[(n, f"{n} %") for n in STEPS]
    )

    class Meta:
        model = Challenger
        fields = ["model_version", "variant", "share_percent", *Challenger.GUARDS]

    def __init__(self, *arguments, endpoint, **options):
        present = endpoint.challengers.active()
        options |= {"initial": _suggested(present), "auto_id": "challenge_%s"}
        super().__init__(*arguments, **options)
        versions = endpoint.engagement.model_versions.newest_first().select_related("run")
        champion = endpoint.deployments.in_place()
        field = self.fields["model_version"]
        field.queryset = versions.exclude(pk=champion and champion.model_version_id)
        field.empty_label = None
        self.fields["variant"].choices = Challenger.Variant.choices
        if present:
            field.queryset = field.queryset.filter(pk=present.model_version_id)
            field.widget = forms.HiddenInput()

    @property
    def first(self):
        """What must be said, and what may be left as it is."""
        return [self["model_version"], self["variant"], self["share_percent"]]

    @property
    def guards(self):
        return [self[name] for name in Challenger.GUARDS]

    def _post_clean(self):
        """The service makes the row and judges it."""


def _suggested(present) -> dict:
    if present is None:
        return {"variant": Challenger.Variant.SHADOW, "share_percent": SHADOW_PERCENT}
    said = {name: getattr(present, name) for name in Challenger.GUARDS}
    said |= {"model_version": present.model_version_id, "variant": Challenger.Variant.CANARY}
    further = [step for step in STEPS if step > present.share_percent] or [100]
    said["share_percent"] = further[0] if present.is_canary else CANARY_PERCENT
    return said


class MomentForm(forms.Form):
    """A moment that is asked about, on the clock of the reader's zone (UTC if none is named)."""

    at = forms.DateTimeField(
        label=_("When"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    zone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-zone": ""}))

    def full_clean(self):
        """Read what is on a clock by the clock it is on."""
        with timezone.override(zone_named(self.data.get("zone")) or "UTC"):
            super().full_clean()

    def clean_zone(self) -> str:
        """Raise ValidationError for a zone that is none."""
        name = self.cleaned_data["zone"]
        if name and zone_named(name) is None:
            raise ValidationError(_("There is no time zone of this name."))
        return name

    @property
    def problem(self) -> str:
        """The first thing that is wrong."""
        return next(error for errors in self.errors.values() for error in errors)
