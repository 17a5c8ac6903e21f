"""The form that starts a run; its settings are built from the methods' dataclasses."""

from dataclasses import MISSING, fields

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from training.engine import backbones
from training.models import DatasetVersion, Run
from training.runs import cost
from training.task_types import advice
from training.task_types import params as task_params

METHOD_NOTES = {
    Run.Method.LINEAR_PROBE: gettext_lazy(
        "The network stays as it is and a classifier is fitted on what it sees. The first answer."
    ),
    Run.Method.FINE_TUNE: gettext_lazy(
        "The network's last part, or all of it, learns too. Slower, and better with more images."
    ),
    Run.Method.SEARCH: gettext_lazy(
        "Tries settings of a probe or a fine-tuning on validation, and trains with the best."
    ),
}


class VersionField(forms.ModelChoiceField):
    """A choice among frozen dataset versions."""

    def label_from_instance(self, version):
        words = {"version": version, "images": version.images, "classes": len(version.classes)}
        return _("%(version)s · %(images)s images in %(classes)s classes") % words


class StartRunForm(forms.Form):
    """Which data, which method, which network; every setting has a default."""

    def __init__(self, engagement, data=None, *, asked=None):
        super().__init__(data)
        self.versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
        self.versions = self.versions.select_related("dataset").order_by("-created_at")
        asked = data or asked or {}
        self.version = self._asked_version(asked.get("dataset_version"))
        self.reason = ""
        self._with_weights = {one.name for one in backbones.CATALOGUE.values() if has_weights(one)}
        self.selected = engagement.selections.newest_first().first()
        method, backbone = self._recommended()
        self.method = asked.get("method") if asked.get("method") in METHOD_NOTES else method
        self.backbone = asked.get("backbone") or backbone
        if self.backbone not in backbones.CATALOGUE:
            self.backbone = backbone
        if data is None:
            self._keep_to_what_works(backbone)
        self._add_fields()

    @property
    def chosen(self) -> dict:
        """The keyword arguments of services.start_run."""
        names = ("dataset_version", "method", "backbone")
        given = {name: self.cleaned_data[name] for name in names}
        settings_ = {name: self.cleaned_data[name] for name in self._known()}
        return given | {"params": {n: v for n, v in settings_.items() if v not in ("", None)}}

    @property
    def has_preview(self) -> bool:
        """Whether there are images, and a method that changes them."""
        return self.version is not None and self.method == Run.Method.FINE_TUNE

    @property
    def recommendation(self) -> str:
        """What suits this data on this server, and why."""
        if self.selected:
            words = {"what": self.selected.backbone_title, "reason": self.selected.reason}
            return _("%(what)s was chosen for this engagement. %(reason)s") % words
        return f"{_(self.reason)}" if self.reason else ""

    @property
    def methods(self) -> list[dict]:
        """The methods as cards."""
        return [
            {
                "value": m.value,
                "title": m.label,
                "note": METHOD_NOTES[m],
                "checked": m == self.method,
                "why_not": self._why_not_method(m),
            }
            for m in METHOD_NOTES
        ]

    @property
    def networks(self) -> list[dict]:
        """The backbones as cards, with size, weights and expected cost."""
        return [self._card(one) for one in backbones.CATALOGUE.values()]

    @property
    def weights_missing(self) -> list:
        """The networks that cannot be used because their file is not here."""
        known = backbones.CATALOGUE.values()
        return [one for one in known if one.pretrained and one.name not in self._with_weights]

    @property
    def weights_folder(self) -> str:
        """Where the missing files belong."""
        return str(settings.LEPTON_WEIGHTS_DIR)

    @property
    def setting_fields(self):
        return [self[name] for name in self.fields if name in self._known()]

    @property
    def changed_settings(self) -> bool:
        """Whether a setting was given or refused, so that they should be in view."""
        given = any(self.data.get(name) for name in self._known())
        return given or any(name in self.errors for name in self._known())

    def _asked_version(self, pk):
        newest = list(self.versions[:50])
        return next((v for v in newest if str(v.pk) == str(pk)), newest[0] if newest else None)

    def _recommended(self):
        if self.version is None:
            return Run.Method.LINEAR_PROBE, "resnet18"
        version, pretrained = self.version, bool(self._with_weights)
        method, params, self.reason = advice.defaults_for(
            version.images_in("train"), len(version.classes), pretrained=pretrained
        )
        if self.selected:
            return self.selected.method, self.selected.backbone
        return method, params.backbone

    def _keep_to_what_works(self, recommended):
        """Never preselect what would be refused; what was sent is left for the refusal to name."""
        if self._why_not_method(self.method):
            self.method = Run.Method.FINE_TUNE
        known = backbones.CATALOGUE
        fit = (
            name for name in (self.backbone, recommended, *known) if not self._why_not(known[name])
        )
        self.backbone = next(fit, self.backbone)

    def _why_not_method(self, method) -> str:
        if method != Run.Method.LINEAR_PROBE or self._with_weights:
            return ""
        return _("It needs a network with pretrained weights, and this server has none.")

    def _why_not(self, one) -> str:
        """Why a network cannot be chosen, empty where it can."""
        if one.pretrained:
            here = one.name in self._with_weights
            return "" if here else _("Its weights are not on this server.")
        tuned = self.method != Run.Method.LINEAR_PROBE
        return "" if tuned else _("It has no pretrained weights: for fine-tuning only.")

    def _known(self) -> dict:
        known = fields(task_params.METHODS[self.method])
        return {item.name: item for item in known if item.name != "backbone"}

    def _add_fields(self):
        self.fields["dataset_version"] = VersionField(
            self.versions, label=_("Dataset version"), initial=self.version, empty_label=None
        )
        self.fields["method"] = forms.ChoiceField(
            label=_("Method"),
            choices=[(m.value, m.label) for m in METHOD_NOTES],
            initial=self.method,
            widget=forms.RadioSelect,
        )
        self.fields["backbone"] = forms.ChoiceField(
            label=_("Network"),
            choices=[(one.name, one.title) for one in backbones.CATALOGUE.values()],
            initial=self.backbone,
            widget=forms.RadioSelect,
        )
        suited = backbones.get(self.backbone).defaults
        for name, item in self._known().items():
            self.fields[name] = setting_field(item, suited.get(name, item.default))

    def _card(self, one):
        return {
            "value": one.name,
            "title": one.title,
            "note": _(one.note) if one.note else "",
            "millions": one.parameters / 1e6,
            "cpu_ms": one.cpu_ms,
            "checked": one.name == self.backbone,
            "why_not": self._why_not(one),
            "seconds": cost.seconds(self.version, self.method, one.name) if self.version else None,
        }


def has_weights(one) -> bool:
    """Whether pretrained weights are here or are fetched when a run needs them."""
    return one.pretrained and (
        settings.LEPTON_DOWNLOAD_WEIGHTS
        or backbones.weights_available(one.name, settings.LEPTON_WEIGHTS_DIR)
    )


def setting_field(item, default):
    """Build the form field of one setting; left empty, it takes its default."""
    limits = item.metadata
    words = {"label": _(limits["label"]), "help_text": _(limits["help"]), "required": False}
    if "choices" in limits:
        empty = ("", _("default: %s") % _choice(default))
        known = [(choice, _choice(choice)) for choice in limits["choices"]]
        return forms.ChoiceField(choices=[empty, *known], **words)
    kind = forms.IntegerField if _is_whole(item) else forms.FloatField
    field = kind(min_value=limits.get("min"), max_value=limits.get("max"), **words)
    shown = _("chosen by itself") if default in (None, MISSING) else f"{default:g}"
    field.widget.attrs |= {"placeholder": shown}
    if kind is forms.FloatField:
        field.widget.attrs["step"] = "any"
    return field


def _choice(value) -> str:
    """A choice in words where it has some: a method by its title."""
    return _(task_params.TITLES[value]) if value in task_params.TITLES else str(value)


def _is_whole(item):
    return item.type is int
