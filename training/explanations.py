"""Asking what a model version looked at in an image; a worker answers in the same row."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import author
from lepton.lib.wake import wake_on_commit
from training import tasks
from training.models import Explanation

Method = Explanation.Method
SHOWN = (Method.EVIDENCE, Method.GRAD_CAM, Method.OCCLUSION)


def ask(version, image, method, *, by, label="") -> Explanation:
    """Ask once: the same question finds the answer that is there; a failed one is asked anew."""
    if method == Method.ANSWER:
        label = ""  # it explains no class
    _refuse(version, method, label)
    if image.erased_at:
        raise ValidationError({"image": _("This image was erased for good.")})
    asked = {"model_version": version, "image": image, "method": method, "label": label}
    with transaction.atomic():
        found, is_new = Explanation.objects.get_or_create(**asked, defaults=author(by))
        failed = Explanation.objects.filter(pk=found.pk, state=Explanation.State.FAILED)
        anew = {"state": Explanation.State.QUEUED, "crashes": 0, "finished_at": None}
        if failed.update(**anew, cause="", hint="") or is_new:
            wake_on_commit(tasks.wake_explanations)
    found.refresh_from_db()
    return found


def possible(version) -> list:
    """The methods that can explain this version."""
    return [one for one in SHOWN if not _why_not(version, one)]


def of_image(version, image_id) -> list[Explanation]:
    """What was asked of a version about an image, the oldest first."""
    rows = version.explanations.filter(image_id=image_id).exclude(method=Method.ANSWER)
    return list(rows.order_by("created_at"))


def _refuse(version, method, label) -> None:
    if method not in Method.values:
        words = _("Choose one of: %s.") % ", ".join(Method.values)
        raise ValidationError({"method": words})
    if method != Method.ANSWER and label not in version.classes:
        words = _("“%(label)s” is none of its classes: %(classes)s.")
        facts = {"label": label, "classes": ", ".join(version.classes)}
        raise ValidationError({"label": words % facts})
    if why := _why_not(version, method):
        raise ValidationError({"method": why})


def _why_not(version, method) -> str:
    if method == Method.GRAD_CAM and "ensemble" in version.meta:
        return _("An ensemble has no single network to follow a gradient through: try occlusion.")
    outputs = version.meta.get("onnx", {}).get("outputs", [])
    if method == Method.EVIDENCE and outputs and "evidence" not in outputs:
        return _("The graph of this version was made before graphs could say: try occlusion.")
    return ""
