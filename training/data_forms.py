"""Forms of the data pages."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from training.datasets.versions import GREATEST_SEED, Policy
from training.models import Split


class UploadForm(forms.Form):
    """A zip of class folders, and the splits of its files where they are decided already."""

    archive = forms.FileField(
        label=_("Zip of class folders"),
        error_messages={"required": _("Choose a zip file."), "empty": _("The zip file is empty.")},
    )
    splits = forms.FileField(
        label=_("Splits or annotations file"), required=False, allow_empty_file=True
    )
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


class ChangeItemsForm(forms.Form):
    """The chosen images, and what to do with them."""

    ACTS = ("relabel", "move", "exclude", "include", "check")

    ids = forms.TypedMultipleChoiceField(required=False, coerce=UUID)
    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    to_label = forms.CharField(max_length=80, required=False)
    to_split = forms.ChoiceField(choices=[("", ""), *Split.choices], required=False)

    def __init__(self, data):
        super().__init__(data)
        self.fields["ids"].choices = [(one, one) for one in data.getlist("ids")]

    def clean(self):
        if not self.cleaned_data.get("ids"):
            raise forms.ValidationError(_("Choose some images first."))
        if self.cleaned_data.get("act") == "relabel" and not self.cleaned_data.get("to_label"):
            raise forms.ValidationError(_("Choose the class they should have."))

    @property
    def change(self) -> dict:
        """What is to be changed, as curate.change_items takes it."""
        data = self.cleaned_data
        by_act = {
            "relabel": {"label": data["to_label"]},
            "move": {"split": data["to_split"]},
            "exclude": {"excluded": True},
            "include": {"excluded": False},
            "check": {"checked": True},
        }
        return {"ids": data["ids"], **by_act[data["act"]]}

    @property
    def refusal(self) -> str:
        """Why it was refused, in one line."""
        return " ".join(text for errors in self.errors.values() for text in errors)


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
    leave_out_unlabelled = forms.BooleanField(
        label=_("Leave out images that have no label yet"), required=False
    )
    duplicates_waiver = forms.CharField(
        label=_("Why alike images may be in several splits"),
        max_length=500,
        required=False,
        help_text=_("Only where given splits part them, and you know that they are different."),
    )
