"""The stations of the data: images, labels and who gave them, dataset versions, exports."""

from django.db.models import Count, F, Value
from django.db.models.functions import Abs
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import AuditEntry
from feedback.receipts.models import Receipt
from feedback.trace.parts import SHOWN, Station, Stop
from training.datasets.exports import EXPORTED
from training.models import EvaluatedItem, ImportRow, LabelChange, LabelEntry, Split

TAKEN_IN = (ImportRow.Outcome.ACCEPTED, ImportRow.Outcome.DUPLICATE)
PICTURES = 6
ALIKE = gettext_lazy("Answered most alike on the test split")


def stations(reach) -> list[Station]:
    """The images, their labels, the versions they are in, and who took those out."""
    return [_images(reach), *_alike(reach), _labels(reach), _versions(reach), _exports(reach)]


def _images(reach):
    rows = reach.pictures.order_by("-created_at", "pk")
    stops = [_image(one, reach) for one in rows[:PICTURES]]
    nothing = _("This picture is in no dataset.")
    return Station("images", _("Images"), "image", rows.count(), stops, nothing)


def _image(image, reach):
    facts = [("sha256", "sha256", image.sha256)]
    size = f"{image.width} × {image.height}"
    return Stop(
        image.pk,
        size,
        image.created_at,
        state="erased" if image.erased_at else "",
        picture=image.url,
        facts=facts,
        is_subject=image == reach.subject,
    )


def _alike(reach):
    """Of a prediction: the test images of the same answer with the nearest score."""
    if reach.kind != "prediction":
        return []
    asked = reach.subject
    items = EvaluatedItem.objects.filter(
        evaluation__model_version=asked.model_version_id,
        evaluation__split=Split.TEST,
        answer=asked.label,
    ).select_related("image")
    near = items.order_by(Abs(F("score") - Value(asked.score)), "pk")[:PICTURES]
    stops = [
        Stop(
            one.image_id,
            one.path,
            state="erased" if one.image.erased_at else "",
            picture=one.image.url,
            facts=[("label", _("Is"), one.label), ("score", _("Score"), f"{one.score:.3f}")],
        )
        for one in near
    ]
    nothing = _("It gave this answer for no test image.")
    return [Station("alike", str(ALIKE), "eye", len(stops), stops, nothing)]


def _labels(reach):
    stops = _labels_of_one(reach) if reach.kind == "image" else _labellers(reach)
    nothing = _("No label is known of it.")
    return Station("labels", _("Labels and who gave them"), "tag", len(stops), stops, nothing)


def _labels_of_one(reach):
    """Each label of one image: as it came in, and each change since, newest first."""
    image = reach.subject
    came = ImportRow.objects.filter(image=image, outcome__in=TAKEN_IN).select_related(
        "parent__dataset__engagement__tenant"
    )
    changed = LabelChange.objects.filter(image=image).select_related("dataset")
    stops = [_came(row) for row in came]
    stops += [
        Stop(one.pk, f"{one.before} → {one.label}", one.created_at, one.created_by_label)
        for one in changed
    ]
    given = LabelEntry.objects.standing().filter(item__image=image, kind=LabelEntry.Kind.LABEL)
    stops += [Stop(one.pk, one.label, one.created_at, one.created_by_label) for one in given]
    stops += [_learned(one) for one in _receipts().filter(image=image)]
    return sorted(stops, key=lambda stop: stop.at, reverse=True)


def _came(row):
    import_ = row.parent
    facts = [("source", _("Import"), import_.source), ("path", _("File"), row.path)]
    url = import_.get_absolute_url()
    return Stop(row.pk, row.label, import_.created_at, import_.created_by_label, url, facts=facts)


def _receipts():
    """What people said of predictions and a dataset version took up."""
    used = Receipt.objects.newest_first().exclude(fate__in=["", Receipt.Fate.LEFT_OUT])
    return used.select_related("engagement__tenant")


def _learned(receipt):
    where = [receipt.engagement.tenant.slug, receipt.engagement_id, receipt.prediction_id]
    url = reverse("feedback:prediction", args=where)
    said = _("Feedback: %s") % receipt.get_fate_display()
    return Stop(receipt.pk, receipt.label, receipt.settled_at, said, url)


def _labellers(reach):
    """Who gave the labels of many images: by import, and by changing them."""
    images = reach.items.values("image")
    came = ImportRow.objects.filter(image__in=images, outcome=ImportRow.Outcome.ACCEPTED)
    changed = LabelChange.objects.filter(image__in=images)
    given = LabelEntry.objects.standing().filter(item__image__in=images, kind=LabelEntry.Kind.LABEL)
    counts = [
        (_imported, came.values_list("parent__created_by_label").annotate(n=Count("pk"))),
        (_changed, changed.values_list("created_by_label").annotate(n=Count("pk"))),
        (_given, given.values_list("created_by_label").annotate(n=Count("pk"))),
    ]
    found = [(who, n, words(n)) for words, rows in counts for who, n in rows.order_by()]
    if n := _receipts().filter(image__in=images).count():
        found.append((_("Feedback"), n, _taken_up(n)))
    return [
        Stop(None, said, by=who, facts=[("labels", _("Labels"), n)])
        for who, n, said in sorted(found, key=lambda row: -row[1])
    ]


def _imported(n):
    return ngettext("%s label came with an import", "%s labels came with imports", n) % n


def _given(n):
    return ngettext("%s label was given by hand", "%s labels were given by hand", n) % n


def _taken_up(n):
    return ngettext("%s answer was taken up", "%s answers were taken up", n) % n


def _changed(n):
    return ngettext("%s label was changed", "%s labels were changed", n) % n


def _versions(reach):
    rows = reach.versions.select_related("dataset__engagement__tenant", "tenant")
    places = _places(reach) if reach.kind == "image" else {}
    stops = [
        Stop(
            one.pk,
            str(one),
            one.created_at,
            one.created_by_label,
            one.get_absolute_url(),
            facts=[
                *places.get(one.pk, []),
                ("images", _("Images"), one.images),
                ("manifest_sha256", _("Manifest"), one.manifest_sha256),
            ],
            is_subject=one == reach.subject,
        )
        for one in rows.order_by("-created_at")[:SHOWN]
    ]
    nothing = _("It is in no frozen version.")
    n = reach.versions.count()
    return Station("dataset_versions", _("Dataset versions"), "data", n, stops, nothing)


def _places(reach) -> dict:
    """As what one image is in each version."""
    rows = reach.items.values_list("version", "label", "split")
    return {
        version: [("label", _("Label"), label), ("split", _("Split"), str(Split(split).label))]
        for version, label, split in rows
    }


def _exports(reach):
    """Who took these versions out, as far as it was noted."""
    rows = AuditEntry.objects.filter(verb=EXPORTED, subject_id__in=reach.versions.values("pk"))
    stops = [
        Stop(
            one.pk,
            one.subject_label,
            one.at,
            one.actor_label,
            facts=[("kind", _("Format"), one.detail.get("kind", ""))],
        )
        for one in rows.order_by("-at")[:SHOWN]
    ]
    nothing = _("Nobody has downloaded these versions.")
    return Station("exports", _("Exports"), "download", rows.count(), stops, nothing)
