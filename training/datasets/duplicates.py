"""Near-duplicates of a working set: noted when an import ends, kept out of other splits."""

import numpy as np
from django.db.models import Q

from accounts.scoping import tenant_scope
from training.datasets import alike, looks
from training.models import ImportRow, Item, NearDuplicate

SHAPE = (-1, looks.PRINT_SIDE, looks.PRINT_SIDE)


def note(import_) -> None:
    """Compare what an import brought with the whole dataset, and note the pairs that are alike."""
    with tenant_scope(import_.tenant_id):
        rows = Item.objects.filter(dataset=import_.dataset_id).exclude(image__thumbprint=None)
        items = list(rows.order_by("pk").values_list("pk", "image__thumbprint"))
        brought = set(
            import_.rows.filter(outcome__in=ImportRow.IN_THE_SET).values_list("item", flat=True)
        )
    ids = [pk for pk, _print in items]
    new = [i for i, pk in enumerate(ids) if pk in brought]
    if not new:
        return
    prints = np.frombuffer(b"".join(bytes(p) for _pk, p in items), np.uint8).reshape(SHAPE)
    found = list(alike.pairs(prints, new))
    with tenant_scope(import_.tenant_id):
        rows = [_row(import_.dataset_id, ids, pair) for pair in found]
        NearDuplicate.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _row(dataset_id, ids, pair) -> NearDuplicate:
    return NearDuplicate(
        dataset_id=dataset_id,
        first_id=ids[pair.first],
        second_id=ids[pair.second],
        similarity=round(pair.similarity, 4),
        is_mirrored=pair.is_mirrored,
    )


def of(dataset):
    """The pairs of a dataset that take part in versions, the most alike first."""
    rows = NearDuplicate.objects.filter(
        dataset=dataset, first__is_excluded=False, second__is_excluded=False
    ).exclude(Q(first__label="") | Q(second__label=""))
    return rows.select_related("first", "second").order_by("-similarity", "pk")
