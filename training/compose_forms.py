"""Forms that make a model version from others: several into one, a large one into a small one."""

from dataclasses import fields

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from training.engine import backbones
from training.models import DatasetVersion, Run
from training.run_forms import VersionField, has_weights, setting_field
from training.runs import cost
from training.task_types import params

TAUGHT = ("softness", "soft_share", "epochs", "learning_rate", "unfreeze", "precision")
WEIGHTS = {
    "equal": gettext_lazy("Equal"),
    "fitted": gettext_lazy("Fitted on the validation images"),
}


class CombineForm(forms.Form):
    """Which versions, with which weights."""

    members = forms.MultipleChoiceField(
        label=gettext_lazy("Members"), widget=forms.CheckboxSelectMultiple
    )
    weights = forms.ChoiceField(
        label=gettext_lazy("Weights"), choices=list(WEIGHTS.items()), initial="equal"
    )

    def __init__(self, engagement, data=None):
        super().__init__(data)
        found = engagement.model_versions.for_lists()[:50]
        self.versions = [one for one in found if one.test_evaluation]
        newest = [str(one.pk) for one in self.versions[:2]]
        self.marked = data.getlist("members") if data is not None else newest
        self.fields["members"].choices = [(str(one.pk), str(one)) for one in self.versions]
        self.fields["weights"].help_text = _(_setting("ensemble", "weights").metadata["help"])

    @property
    def rows(self) -> list[dict]:
        """The versions as rows to choose from."""
        return [{"version": v, "checked": str(v.pk) in self.marked} for v in self.versions]

    @property
    def chosen(self) -> dict:
        """The keyword arguments of services.start_run; the newest data of the members."""
        members = self.cleaned_data["members"]
        data = [one.run.dataset_version for one in self.versions if str(one.pk) in members]
        return {
            "dataset_version": max(data, key=lambda one: one.created_at),
            "method": Run.Method.ENSEMBLE,
            "params": {"members": members, "weights": self.cleaned_data["weights"]},
        }


class DistilForm(forms.Form):
    """Which smaller network learns from a version, and how."""

    def __init__(self, teacher, data=None):
        super().__init__(data)
        self.teacher = teacher
        dataset = teacher.run.dataset_version.dataset_id
        versions = DatasetVersion.objects.filter(dataset=dataset).select_related("dataset")
        versions = versions.filter(test_sha256=teacher.run.dataset_version.test_sha256)
        self.fields["dataset_version"] = VersionField(
            versions.order_by("-created_at"),
            label=_("Dataset version"),
            initial=teacher.run.dataset_version,
            empty_label=None,
        )
        first = self.students[0].name if self.students else None
        self.fields["backbone"] = forms.ChoiceField(
            label=_("Network"),
            choices=[(one.name, one.title) for one in backbones.CATALOGUE.values()],
            initial=first,
            widget=forms.RadioSelect,
        )
        for name in TAUGHT:
            item = _setting("distillation", name)
            self.fields[name] = setting_field(item, item.default)

    @property
    def students(self) -> list:
        """The networks that are smaller than the teacher and can be trained here."""
        size = self.teacher.meta.get("backbone", {}).get("parameters", float("inf"))
        known = backbones.CATALOGUE.values()
        return [o for o in known if o.parameters < size and (has_weights(o) or not o.pretrained)]

    @property
    def networks(self) -> list[dict]:
        """The same as cards."""
        version = self.teacher.run.dataset_version
        wanted = self["backbone"].value()
        return [
            {
                "value": one.name,
                "title": one.title,
                "note": _(one.note) if one.note else "",
                "millions": one.parameters / 1e6,
                "cpu_ms": one.cpu_ms,
                "seconds": cost.seconds(version, "fine_tune", one.name),
                "checked": one.name == wanted,
            }
            for one in self.students
        ]

    @property
    def setting_fields(self):
        return [self[name] for name in TAUGHT]

    @property
    def chosen(self) -> dict:
        """The keyword arguments of services.start_run."""
        given = {name: self.cleaned_data[name] for name in TAUGHT}
        settings = {name: value for name, value in given.items() if value not in ("", None)}
        return {
            "dataset_version": self.cleaned_data["dataset_version"],
            "method": Run.Method.DISTILLATION,
            "backbone": self.cleaned_data["backbone"],
            "params": settings | {"teacher": str(self.teacher.pk)},
        }


def _setting(method, name):
    return next(item for item in fields(params.METHODS[method]) if item.name == name)
