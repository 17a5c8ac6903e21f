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
        items = _with_prints(import_.dataset_id)
        brought = set(
            import_.rows.filter(outcome__in=ImportRow.IN_THE_SET).values_list("item", flat=True)
        )
    found = alike_among(items, brought)
    with tenant_scope(import_.tenant_id):
        keep(import_.dataset_id, found)


def alike_to_dataset(dataset_id, prints: dict) -> list[tuple]:
    """Return (a, b, pair) of those pictures that are alike and not both there already.

    `prints` are 32 x 32 thumbprints by any key; a and b are such keys or ids of items.
    """
    return alike_among([*_with_prints(dataset_id), *prints.items()], set(prints))


def alike_among(items, new) -> list[tuple]:
    """Return (a, b, pair) of `items`, (key, thumbprint), of which at least one key is in `new`."""
    keys = [key for key, _print in items]
    places = [i for i, key in enumerate(keys) if key in new]
    if not places:
        return []
    prints = np.frombuffer(b"".join(bytes(p) for _key, p in items), np.uint8).reshape(SHAPE)
    return [(keys[pair.first], keys[pair.second], pair) for pair in alike.pairs(prints, places)]


def keep(dataset_id, found) -> None:
    """Note pairs of items, (id, id, pair), that are alike; those noted before stay."""
    rows = [
        NearDuplicate(
            dataset_id=dataset_id,
            first_id=first,
            second_id=second,
            similarity=round(pair.similarity, 4),
            is_mirrored=pair.is_mirrored,
        )
        for first, second, pair in found
    ]
    NearDuplicate.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _with_prints(dataset_id) -> list[tuple]:
    rows = Item.objects.filter(dataset=dataset_id).exclude(image__thumbprint=None)
    return list(rows.order_by("pk").values_list("pk", "image__thumbprint"))


def of(dataset):
    """The pairs of a dataset that take part in versions, the most alike first."""
    rows = NearDuplicate.objects.filter(
        dataset=dataset, first__is_excluded=False, second__is_excluded=False
    ).exclude(Q(first__label="") | Q(second__label=""))
    return rows.select_related("first", "second").order_by("-similarity", "pk")
