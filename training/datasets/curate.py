"""What people change in a working set: labels, splits, and which images take part."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import pages, timeline
from lepton.lib import live
from training.models import Dataset, LabelChange, Split

MOST = 5000  # images changed at once


def change_items(dataset, ids, *, by, label=None, split=None, excluded=None, checked=None) -> int:
    """Change images of the working set, by their ids; returns how many there were.

    `label`: their class; `split`: "train", "valid", "test" or "" for none; `excluded`: whether
    versions leave them out; `checked`: somebody looked and the label is right.
    """
    changes = _changes(dataset, label, split, excluded, checked)
    if not changes:
        raise ValidationError(_("Say what should change: label, split, excluded or checked."))
    if not 0 < len(set(ids)) <= MOST:
        raise ValidationError({"ids": _("Choose between 1 and %s images.") % MOST})
    with transaction.atomic():
        Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        rows = dataset.items.filter(pk__in=ids)
        if rows.count() < len(set(ids)):
            raise ValidationError({"ids": _("Some of these images are not in this dataset.")})
        if label is not None:
            note_labels(rows, label, by=by)
        n = rows.update(**changes)
        _tell(dataset, n, label, split, excluded, by)
    return n


def note_labels(items, label, *, by) -> None:
    """Note who gives these items the label, where it is not theirs already; goes before it."""
    said = {"label": label, **author(by)}
    others = items.exclude(label=label).values_list("dataset_id", "image_id", "label")
    LabelChange.objects.bulk_create(
        LabelChange(dataset_id=dataset, image_id=image, before=before, **said)
        for dataset, image, before in others
    )


def _changes(dataset, label, split, excluded, checked) -> dict:
    changes = {}
    if label is not None:
        refuse_unknown(dataset, label)
        changes |= {"label": label, "label_checked_at": timezone.now()}
    if split is not None:
        if split and split not in Split.values:
            raise ValidationError({"split": _("A split is train, valid or test.")})
        changes["split"] = split
    if excluded is not None:
        changes["is_excluded"] = excluded
    if checked is not None:
        changes["label_checked_at"] = timezone.now() if checked else None
    return changes


def refuse_unknown(dataset, label):
    """Refuse a label that is no class of the engagement."""
    requirement = dataset.engagement.requirement
    known = requirement.classes if requirement else list(dataset.items.included().counts())
    if label not in known:
        words = _("“%(label)s” is not a class of this engagement: %(known)s.")
        raise ValidationError({"label": words % {"label": label, "known": ", ".join(known)}})


def _tell(dataset, n, label, split, excluded, by):
    url = pages.url("training:data", dataset.engagement)
    said = {"n": n}
    for kind, is_said, words in (
        ("data.relabelled", label is not None, {"label": label}),
        ("data.moved", split is not None, {"split": str(Split(split).label) if split else "–"}),
        ("data.excluded", excluded is True, {}),
        ("data.included", excluded is False, {}),
    ):
        if is_said:
            timeline.record(dataset.engagement, kind, by=by, url=url, **said, **words)
            audit.record(kind, dataset, by=by, **said, **words)
    live.look_again(dataset.tenant_id, dataset.engagement.topic)
