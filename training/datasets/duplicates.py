"""Near-duplicates of a working set: noted when an import ends, kept out of other splits."""

from collections.abc import Callable, Collection

import numpy as np
from django.db.models import Q
from django.utils import timezone

from accounts.scoping import tenant_scope
from training.datasets import alike, looks
from training.models import Import, ImportRow, Item, NearDuplicate

NOTHING = np.zeros((looks.PRINT_SIDE, looks.PRINT_SIDE), np.uint8)  # like no other


def note(import_, *, step: Callable[[], None]) -> None:
    """Compare what an import brought with the whole dataset, and note the pairs that are alike.

    So is, once, what imports brought that ended before they came to this. `step` is called between
    two pieces of the work, outside of any transaction; what it raises ends it with nothing noted.
    """

    def read(keys):
        step()
        with tenant_scope(import_.tenant_id):
            return _prints_of(keys)

    with tenant_scope(import_.tenant_id):
        imports = [import_, *_never_compared(import_.dataset_id)]
        keys, brought = _keys(import_.dataset_id), _brought(imports)
    found = _alike_among(keys, brought, read)
    with tenant_scope(import_.tenant_id):
        keep(import_.dataset_id, found)
        Import.objects.filter(pk__in=[one.pk for one in imports]).update(compared_at=timezone.now())


def alike_to_dataset(dataset_id, prints: dict) -> list[tuple]:
    """Return (a, b, pair) of those pictures that are alike and not both there already.

    `prints` are 32 x 32 thumbprints by any key; a and b are such keys or ids of items.
    """

    def read(keys):
        given = {key: prints[key] for key in keys if key in prints}
        there = _prints_of([key for key in keys if key not in prints])
        return there | {key: _picture(one) for key, one in given.items()}

    return _alike_among([*_keys(dataset_id), *prints], prints.keys(), read)


def _alike_among(keys: list, new: Collection, read: Callable[[list], dict]) -> list[tuple]:
    """Return (a, b, pair) of `keys` of which at least one is in `new`; `read` gives prints by key,
    without those that are gone."""

    def read_rows(rows):
        wanted = [keys[row] for row in rows]
        prints = read(wanted)
        return np.stack([prints.get(key, NOTHING) for key in wanted])

    is_new = np.array([key in new for key in keys], bool)
    return [(keys[pair.first], keys[pair.second], pair) for pair in alike.pairs(read_rows, is_new)]


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


def _keys(dataset_id) -> list:
    """The ids of the items whose images have a print, in an order that stays."""
    rows = Item.objects.filter(dataset=dataset_id).exclude(image__thumbprint=None)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _never_compared(dataset_id) -> list[Import]:
    """Imports that ended without it; all that succeeded were compared."""
    rows = Import.objects.filter(dataset=dataset_id, compared_at=None)
    return list(rows.filter(state__in=[Import.State.FAILED, Import.State.CANCELLED]))


def _brought(imports) -> set:
    """The ids of the items that they brought."""
    rows = ImportRow.objects.filter(parent__in=imports, outcome__in=ImportRow.IN_THE_SET)
    return set(rows.values_list("item", flat=True))


def _prints_of(keys: list) -> dict:
    rows = Item.objects.filter(pk__in=keys).exclude(image__thumbprint=None)
    return {key: _picture(one) for key, one in rows.values_list("pk", "image__thumbprint")}


def _picture(print_) -> np.ndarray:
    return np.frombuffer(bytes(print_), np.uint8).reshape(NOTHING.shape)


def of(dataset):
    """The pairs of a dataset that take part in versions, the most alike first."""
    rows = NearDuplicate.objects.filter(
        dataset=dataset, first__is_excluded=False, second__is_excluded=False
    ).exclude(Q(first__label="") | Q(second__label=""))
    return rows.select_related("first", "second").order_by("-similarity", "pk")
