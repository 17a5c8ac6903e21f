"""The images of a working set that are most like one: by what a network saw in them, else by their
32 x 32 prints."""

from typing import NamedTuple

import numpy as np
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
    newest = ImageVector.objects.filter(image=item.image_id).order_by("network", "weights").last()
    if newest is not None:
        return _by_network(item, items, newest)
    return _by_prints(item, items)


def _by_network(item, items, mine) -> Found:
    place = dict(items.exclude(pk=item.pk).order_by().values_list("image", "pk"))
    rows = ImageVector.objects.filter(network=mine.network, weights=mine.weights)
    rows = rows.filter(image__items__dataset=item.dataset_id).values_list("image", "vector")
    found = [(place[image], vector) for image, vector in rows if image in place]
    units = vectors.unpacked([bytes(mine.vector), *(bytes(vector) for _pk, vector in found)])
    ids = [pk for pk, _vector in found]
    return Found(_ranked(ids, units[1:] @ units[0]), mine.network, len(ids))


def _by_prints(item, items) -> Found:
    rows = items.exclude(image__thumbprint=None).exclude(pk=item.pk).order_by()
    found = list(rows.values_list("pk", "image__thumbprint"))
    if item.image.thumbprint is None or not found:
        return Found([], "", 0)
    side = looks.PRINT_SIDE
    kept = b"".join([bytes(item.image.thumbprint), *(bytes(one) for _pk, one in found)])
    prints = np.frombuffer(kept, np.uint8).reshape(-1, side, side)
    ids = [pk for pk, _print in found]
    return Found(_ranked(ids, alike.similarities(prints[1:], prints[0])), "", len(ids))


def _ranked(ids, similarities) -> list[tuple]:
    order = np.argsort(-similarities, kind="stable")[:MOST]
    return [(ids[i], round(float(similarities[i]), 4)) for i in order]
