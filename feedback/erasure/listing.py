"""What an erasure touches: looked up from the rows each time, until somebody confirms it."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Q

from accounts.models import AuditEntry
from feedback.erasure.models import Erasure
from lepton.lib.canonical import sha256_of
from serving.models import Prediction
from training.datasets.exports import EXPORTED
from training.models import DatasetVersion, Image, Item, ModelVersion, Run, VersionItem

Kind = Erasure.Kind
MOST_OTHERS = 20  # named in the list


@dataclass(frozen=True)
class Listing:
    """The rows behind a list; `shared` are hashes of bytes that somebody else has too."""

    images: list[Image]
    items: list[Item]
    predictions: list[Prediction]  # all that were asked about the very same bytes
    versions: list[DatasetVersion]
    runs: list[Run]  # under way
    models: list[ModelVersion]
    touches: dict = field(default_factory=dict)
    shared: frozenset = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.images or self.items or self.predictions)

    @property
    def sha256(self) -> str:
        """The hash of what is shown, so that nobody confirms another list than they saw."""
        return sha256_of(self.touches)


def look(kind: str, subject: str) -> Listing:
    """List what the active tenant holds of a subject."""
    predictions, items, frozen = _named(kind, subject)
    sent = [one.input_sha256 for one in predictions]
    ids = {*(one.image_id for one in items), *frozen}
    wanted = Q(pk__in=ids) | Q(original_sha256__in=sent)
    images = list(Image.objects.filter(wanted, erased_at=None).order_by("sha256"))
    hashes = {*sent, *(one.original_sha256 for one in images)}
    same = list(Prediction.objects.filter(input_sha256__in=hashes).order_by("at", "pk"))
    others, shared = _others(kind, subject, images, same)
    versions = _versions(images)
    trained = Run.objects.filter(dataset_version__in=versions).select_related("engagement__tenant")
    runs = [run for run in trained if not run.has_ended]
    models = ModelVersion.objects.filter(run__in=trained).select_related("engagement", "tenant")
    models = list(models.order_by("engagement__name", "number"))
    found = Listing(images, items, same, versions, runs, models, shared=frozenset(shared))
    found.touches.update(_as_data(found, others))
    return found


def _named(kind, subject):
    """(predictions, working-set items, ids of images in manifests) that name the subject."""
    none = Prediction.objects.none()
    if kind == Kind.REFERENCE:
        return list(Prediction.objects.filter(reference=subject)), [], []
    if kind == Kind.GROUP:
        wanted = {"group": subject}
    else:
        pk = _uuid(subject)
        if kind == Kind.PREDICTION:
            return list(Prediction.objects.filter(pk=pk)), [], []
        known = [pk] if Image.objects.filter(pk=pk).exists() else []
        return list(none), list(Item.objects.filter(image=pk)), known
    frozen = VersionItem.objects.filter(**wanted).values_list("image", flat=True)
    return list(none), list(Item.objects.filter(**wanted)), list(frozen)


def _others(kind, subject, images, predictions):
    """The same bytes under another group or reference: (whose, how many), and their hashes."""
    if kind == Kind.GROUP:
        theirs = Item.objects.filter(image__in=images).exclude(group__in=["", subject])
        rows = theirs.values_list("group", "image__original_sha256")
    elif kind == Kind.IMAGE:
        return Counter(), set()
    else:
        mine = {subject, ""}
        if kind == Kind.PREDICTION:
            mine |= {one.reference for one in predictions if str(one.pk) == subject}
        rows = [(p.reference, p.input_sha256) for p in predictions if p.reference not in mine]
    rows = list(rows)
    return Counter(name for name, _sha in rows), {sha for _name, sha in rows}


def _versions(images):
    within = Q(items__image__in=images)
    rows = DatasetVersion.objects.filter(within).select_related("dataset__engagement", "tenant")
    return list(rows.annotate(touched=Count("items", filter=within)).order_by("created_at"))


def _as_data(found, others) -> dict:
    """The list as it is shown, hashed and kept."""
    exports = AuditEntry.objects.filter(
        verb=EXPORTED, subject_id__in=[version.pk for version in found.versions]
    )
    return {
        "images": [{"id": str(one.pk), "sha256": one.sha256} for one in found.images],
        "inputs": sorted({one.input_sha256 for one in found.predictions if one.input_key}),
        "items": len(found.items),
        "predictions": [str(one.pk) for one in found.predictions],
        "dataset_versions": [_version(one) for one in found.versions],
        "model_versions": [_model(one) for one in found.models],
        "runs_under_way": [str(one) for one in found.runs],
        "exports": [
            {
                "what": one.subject_label,
                "by": one.actor_label,
                "at": one.at.isoformat(),
                **_kind(one),
            }
            for one in exports.order_by("at", "sequence")
        ],
        "others": [{"name": name, "n": n} for name, n in sorted(others.items())][:MOST_OTHERS],
    }


def _version(one):
    facts = {"id": str(one.pk), "name": str(one), "url": one.get_absolute_url()}
    return facts | {"images": one.touched, "manifest_sha256": one.manifest_sha256}


def _model(one):
    facts = {"id": str(one.pk), "name": str(one), "url": one.get_absolute_url()}
    return facts | {"engagement": one.engagement.name}


def _kind(entry):
    return {"kind": entry.detail.get("kind", "")}


def _uuid(text):
    try:
        return UUID(str(text))
    except ValueError:
        return None
