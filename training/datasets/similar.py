"""The images of a working set that are most like one: by what a network saw in them, else by their
32 x 32 prints."""

from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Aggregate, BinaryField, F, Func
from django.utils.translation import gettext as _

from training.datasets import alike, looks, vectors
from training.engine import backbones
from training.models import ImageVector

MOST = 240  # ten pages; what comes after is hardly alike


class Found(NamedTuple):
    """Ids of items with their similarity (-1 to 1), the most alike first, and what it goes by."""

    pairs: list[tuple]
    network: str  # a backbone's name; empty: by prints
    compared: int

    @property
    def how(self) -> str:
        """What the images were compared by, in words."""
        if self.network:
            title = backbones.get(self.network).title
            return _("by what %(network)s sees, among %(n)s images") % {
                "network": title,
                "n": self.compared,
            }
        words = _("by their light and dark at 32 × 32 pixels, among %s images")
        return words % self.compared


def to(item, items) -> Found:
    """Rank `items` (a queryset of the working set) by how alike they are to `item`."""
    mine = ImageVector.objects.filter(image=item.image_id).order_by("network", "weights").last()
    if mine is not None:
        return _by_network(item, items, mine)
    return _by_prints(item, items)


def _by_network(item, items, mine) -> Found:
    rows = items.filter(image__vectors__network=mine.network, image__vectors__weights=mine.weights)
    ids, kept = _joined(rows.exclude(pk=item.pk), "image__vectors__vector")
    if not len(ids):
        return Found([], mine.network, 0)
    length = len(bytes(mine.vector))
    units = vectors.unpacked(np.frombuffer(bytes(mine.vector) + kept, np.int8).reshape(-1, length))
    return Found(_ranked(ids, units[1:] @ units[0]), mine.network, len(ids))


def _by_prints(item, items) -> Found:
    rows = items.exclude(image__thumbprint=None).exclude(pk=item.pk)
    ids, kept = _joined(rows, "image__thumbprint")
    if item.image.thumbprint is None or not len(ids):
        return Found([], "", 0)
    shape = (-1, looks.PRINT_SIDE, looks.PRINT_SIDE)
    one = np.frombuffer(bytes(item.image.thumbprint), np.uint8).reshape(shape)[0]
    prints = np.frombuffer(kept, np.uint8).reshape(shape)
    return Found(_ranked(ids, alike.similarities(prints, one)), "", len(ids))


class Joined(Aggregate):
    """The bytes of all rows in one piece; several of one query go through the rows alike."""

    function = "string_agg"
    template = "%(function)s(%(expressions)s, ''::bytea)"
    output_field = BinaryField()


def _joined(rows, field) -> tuple[np.ndarray, bytes]:
    """The ids of rows as bytes [n, 16] and a binary field of theirs end to end: a row each would
    be 50,000 objects."""
    pk = Func(F("pk"), function="uuid_send", output_field=BinaryField())
    found = rows.order_by().aggregate(ids=Joined(pk), kept=Joined(F(field)))
    ids = np.frombuffer(bytes(found["ids"] or b""), np.uint8).reshape(-1, 16)
    return ids, bytes(found["kept"] or b"")


def _ranked(ids, similarities) -> list[tuple]:
    order = np.argsort(-similarities, kind="stable")[:MOST]
    near = [(UUID(bytes=ids[i].tobytes()), float(similarities[i])) for i in order]
    return [(pk, round(value, 4)) for pk, value in near]
