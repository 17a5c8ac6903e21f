"""Forms of the endpoint page."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import slugify
from django.utils.translation import gettext_lazy as _

from lepton.templatetags.ui import bytes_, percent
from serving.models import Endpoint


class EndpointForm(forms.ModelForm):
    """The address of a new endpoint."""

    class Meta:
        model = Endpoint
        fields = ["slug", "keeps_inputs"]
        help_texts = {"slug": _("Part of its URL, for good: lower-case letters, digits, hyphens.")}

    @classmethod
    def suggested(cls, engagement):
        return cls(initial={"slug": slugify(engagement.name)[:50].strip("-")})


class VersionChoice(forms.ModelChoiceField):
    """Names a model version with what it scored."""

    def label_from_instance(self, version):
        facts = [_("Version %s") % version.number, version.run.backbone_title]
        evaluation = version.test_evaluation
        if evaluation:
            facts.insert(1, _("accuracy %s") % percent(evaluation.accuracy))
        return " · ".join(facts)


class DeployForm(forms.Form):
    """Which model version to put in place."""

    model_version = VersionChoice(None, label=_("Model version"))

    def __init__(self, *arguments, endpoint, **options):
        super().__init__(*arguments, **options)
        field = self.fields["model_version"]
        present = endpoint.deployments.in_place()
        others = endpoint.engagement.model_versions.newest_first().select_related("run")
        field.queryset = others.exclude(pk=present and present.model_version_id)
        field.empty_label = None


class TryForm(forms.Form):
    """An image to try."""

    image = forms.FileField(label=_("Image"))

    def clean_image(self):
        image = self.cleaned_data["image"]
        if image.size > settings.LEPTON_MAX_REQUEST_BYTES:
            most = bytes_(settings.LEPTON_MAX_REQUEST_BYTES)
            raise forms.ValidationError(_("The file is larger than %s.") % most)
        return image
