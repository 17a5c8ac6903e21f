"""Forms of the data pages."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from training.datasets.versions import GREATEST_SEED, Policy


class UploadForm(forms.Form):
    """A zip of class folders, and the splits of its files where they are decided already."""

    archive = forms.FileField(
        label=_("Zip of class folders"),
        error_messages={"required": _("Choose a zip file."), "empty": _("The zip file is empty.")},
    )
    splits = forms.FileField(label=_("Splits file (CSV)"), required=False, allow_empty_file=True)
    dataset = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def max_bytes(self) -> int:
        return settings.LEPTON_MAX_UPLOAD_BYTES

    @property
    def help_text(self) -> str:
        limits = {
            "size": filesizeformat(self.max_bytes),
            "files": number_format(settings.LEPTON_MAX_IMPORT_FILES),
        }
        words = _("Up to %(size)s and %(files)s files. What is there already is not doubled.")
        return str(words) % limits


class FreezeForm(forms.Form):
    """How the working set is split when it is frozen."""

    split_policy = forms.ChoiceField(
        label=_("Splits"),
        required=False,
        choices=[
            ("", _("As given; where nothing is given, by seed")),
            (Policy.STRATIFIED, _("Anew by seed: 70 % train, 15 % validation, 15 % test")),
        ],
        help_text=_("Classes keep their proportions, and a group stays in one split."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=GREATEST_SEED,
        initial=0,
        help_text=_("The same images and seed always give the same splits."),
    )
