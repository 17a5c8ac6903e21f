"""The form that starts a bulk prediction."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

HELP = _(
    "Up to %(size)s and %(files)s images. Other requests go first. A manifest is a CSV or"
    " JSONL file that names images of your datasets by sha256, or by dataset and path; a reference"
    " may follow."
)


class BulkForm(forms.Form):
    """A zip of images, or a manifest that names some."""

    archive = forms.FileField(
        label=_("Zip of images, or a manifest"),
        error_messages={
            "required": _("Choose a zip file or a manifest."),
            "empty": _("The file is empty."),
        },
    )

    @property
    def max_bytes(self) -> int:
        return settings.LEPTON_MAX_UPLOAD_BYTES

    @property
    def help_text(self) -> str:
        limits = {
            "size": filesizeformat(self.max_bytes),
            "files": number_format(settings.LEPTON_MAX_IMPORT_FILES),
        }
        return str(HELP) % limits
