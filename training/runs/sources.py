"""The model versions a run is made from: which may be, and their files at hand."""

import shutil
import tempfile
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.scoping import tenant_scope
from lepton.lib import storage
from training.engine import artifact, backbones
from training.engine.errors import Stopped, TrainingFailed
from training.models import ModelVersion, Run, RunSource, Split, VersionItem
from training.runs import files

LEAST_MEMBERS, MOST_MEMBERS = 2, 8
FIELD = {Run.Method.ENSEMBLE: "members", Run.Method.DISTILLATION: "teacher"}


def chosen(engagement, dataset_version, method, params: dict) -> list[ModelVersion]:
    """The versions that `params` name, in their order; none for other methods.

    Refused unless each answers with the classes of the dataset version and was measured on its very
    test images, so that all can be compared row by row and none has learnt from them.
    """
    field = FIELD.get(method)
    if field is None:
        return []
    wanted = [params[field]] if field == "teacher" else list(params[field])
    if method == Run.Method.ENSEMBLE:
        _refuse_number(wanted)
    found = {str(one.pk): one for one in _versions(engagement, field, wanted)}
    for name in wanted:
        if name not in found:
            raise ValidationError({field: _("No such model version here.")})
        _refuse_unlike(found[name], dataset_version, field)
    return [found[name] for name in wanted]


def backbone_of(versions) -> str:
    """The network of an ensemble: that of its members where they share one."""
    different = {one.backbone for one in versions}
    return different.pop() if len(different) == 1 else Run.SEVERAL


def refuse_unless_smaller(teacher, backbone: str) -> None:
    """Refuse a student that is not smaller than who teaches it."""
    student = backbones.get(backbone)
    known = teacher.meta.get("backbone", {}).get("parameters")
    if known is not None and student.parameters >= known:
        words = _("%(student)s is not smaller than %(teacher)s (%(network)s).")
        named = {"student": student.title, "teacher": teacher, "network": _network(teacher)}
        raise ValidationError({"backbone": words % named})


def brought(run, cache_dir: Path, should_stop) -> dict[str, Path]:
    """The folders of the run's sources by id, fetched from storage and verified.

    Raises Stopped and TrainingFailed.
    """
    with tenant_scope(run.tenant_id):
        rows = run.sources.select_related("model_version")
        prefixes = {str(s.model_version_id): s.model_version.storage_prefix for s in rows}
    return {
        name: fetched(prefix, cache_dir / "models" / name, should_stop)
        for name, prefix in prefixes.items()
    }


def fetched(prefix: str, folder: Path, should_stop=lambda: False) -> Path:
    """The files of a model version in `folder`, brought there once and verified.

    Raises Stopped and TrainingFailed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        artifact.read_meta(folder)
    except artifact.ArtifactCorrupt:
        for name in files.stored(prefix):
            if should_stop():
                raise Stopped from None
            _copy(f"{prefix}/{name}", folder / name)
        _verify(folder)
    return folder


def learnt_images(run) -> set:
    """The ids of the images that the run's sources, and what these were made from, learnt from."""
    with tenant_scope(run.tenant_id):
        versions = {source.run.dataset_version_id for source in _all_sources([run.pk])}
        other = versions - {run.dataset_version_id}
        learnt = VersionItem.objects.filter(version_id__in=other, split=Split.TRAIN)
        return set(learnt.values_list("image_id", flat=True))


def _all_sources(run_ids) -> list[ModelVersion]:
    rows = RunSource.objects.filter(run_id__in=run_ids).select_related("model_version__run")
    found = [row.model_version for row in rows]
    return found + (_all_sources([one.run_id for one in found]) if found else [])


def _refuse_number(wanted) -> None:
    if not LEAST_MEMBERS <= len(set(wanted)) == len(wanted) <= MOST_MEMBERS:
        words = _("Choose %(least)s to %(most)s different model versions.")
        limits = {"least": LEAST_MEMBERS, "most": MOST_MEMBERS}
        raise ValidationError({"members": words % limits})


def _versions(engagement, field, wanted):
    try:
        return list(engagement.model_versions.for_lists().filter(pk__in=wanted))
    except (ValidationError, ValueError):
        raise ValidationError({field: _("No such model version here.")}) from None


def _refuse_unlike(version, dataset_version, field) -> None:
    words = {"version": version, "classes": ", ".join(version.classes), "data": dataset_version}
    if list(version.classes) != list(dataset_version.classes):
        text = _("%(version)s answers with other classes than %(data)s: %(classes)s.")
        raise ValidationError({field: text % words})
    if version.run.dataset_version.test_sha256 != dataset_version.test_sha256:
        text = _("%(version)s was measured on other test images than those of %(data)s.")
        raise ValidationError({field: text % words})


def _network(version) -> str:
    return version.meta.get("backbone", {}).get("title") or version.run.backbone_title


def _copy(key: str, target: Path) -> None:
    """Copy by a draft of its own: another process may be fetching the same file."""
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as draft:
        try:
            with storage.reading(key) as source:
                shutil.copyfileobj(source, draft)
        except FileNotFoundError as error:
            Path(draft.name).unlink()
            raise _unusable(target.name) from error
    Path(draft.name).replace(target)


def _verify(folder: Path) -> None:
    try:
        artifact.read_meta(folder)
    except artifact.ArtifactCorrupt as error:
        raise _unusable(error.file.name) from error


def _unusable(name: str) -> TrainingFailed:
    return TrainingFailed(
        gettext_noop("The file %(name)s of a model version is missing from storage or damaged."),
        gettext_noop("Restore the storage from a backup, or train that version again."),
        name=name,
    )
