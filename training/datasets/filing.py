"""Into the rows: a batch of findings becomes images, items and import rows in one transaction."""

from functools import partial

from django.db import transaction

from lepton.lib import storage
from training.datasets.examine import OUTCOME_OF
from training.models import Dataset, Image, ImportRow, Item

Outcome = ImportRow.Outcome


def file_batch(import_, findings) -> None:
    """Write a batch; call it inside the claim's scope. One batch at a time per dataset."""
    Dataset.objects.select_for_update(no_key=True).get(pk=import_.dataset_id)
    images = _images(findings)
    there = _items_there(import_.dataset_id, images)
    rows, items, moved = [], [], []
    for finding in findings:
        image = images.get(finding.image.sha256) if finding.image else None
        if image is not None and image.erased_at:
            image = _refuse_erased(finding, image)
        before = there.get(image.pk) if image else None
        row = _row(import_, finding, image)
        if before is not None:
            _meet(row, before, finding, moved)
        elif image is not None:
            item = _item(import_, finding, image)
            row.item = item
            row.outcome, row.kind = _came_in(item)
            there[image.pk] = item
            items.append(item)
        rows.append(row)
    Item.objects.bulk_create(items)
    Item.objects.bulk_update(moved, ["label", "split", "group", "meta"])
    ImportRow.objects.bulk_create(rows)


def _images(findings) -> dict[str, Image]:
    """The stored images of a batch by sha256: those that were there, and the new ones."""
    found = [finding for finding in findings if finding.image]
    new = {f.image.sha256: f.image for f in found if not f.is_known}
    Image.objects.bulk_create(new.values(), ignore_conflicts=True)
    images = Image.objects.filter(sha256__in=new)
    return {f.image.sha256: f.image for f in found if f.is_known} | {i.sha256: i for i in images}


def _refuse_erased(finding, image):
    """Take it in no more; bytes that were just stored under its hash go again."""
    finding.kind = "erased"
    transaction.on_commit(partial(storage.discard, image.storage_key), robust=True)


def _items_there(dataset_id, images) -> dict:
    ids = [image.pk for image in images.values()]
    return {i.image_id: i for i in Item.objects.filter(dataset_id=dataset_id, image_id__in=ids)}


def _row(import_, finding, image):
    return ImportRow(
        parent=import_,
        position=finding.position,
        path=finding.path,
        outcome=OUTCOME_OF.get(finding.kind, ""),
        kind=finding.kind,
        params=finding.params,
        label=finding.place.label,
        split=finding.place.split,
        image=image,
    )


def _item(import_, finding, image):
    place = finding.place
    return Item(
        dataset_id=import_.dataset_id,
        image=image,
        path=finding.path,
        label=place.label,
        split=place.split,
        group=place.group,
        meta=place.meta,
    )


def _came_in(item) -> tuple[str, str]:
    """The outcome and kind of a file that became an item."""
    return (Outcome.ACCEPTED, "") if item.label else (Outcome.UNLABELLED, "unlabelled")


def _meet(row, item, finding, moved):
    """The image is in the dataset already: as what it is called now, or as something else."""
    row.item, row.params = item, {"path": item.path}
    place, label = finding.place, finding.place.label
    if label and item.label and item.label != label:
        row.outcome, row.kind = Outcome.CONFLICT, "conflict"
        row.params["label"] = item.label
        return
    row.outcome, row.kind = Outcome.DUPLICATE, "duplicate"
    is_from_before, gains = not item._state.adding, bool(label and not item.label)
    before = item.label, item.split, item.group, item.meta
    given = label or item.label, place.split or item.split, place.group or item.group
    if (gains or is_from_before) and (*given, item.meta | place.meta) != before:
        (item.label, item.split, item.group), item.meta = given, item.meta | place.meta
        row.kind = "duplicate_labelled" if gains else "duplicate_moved"
        if is_from_before:
            moved.append(item)
