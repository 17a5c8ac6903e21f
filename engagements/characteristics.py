"""What was measured of an engagement's data, beside what was stated of it.

An upper app registers how to measure: the app that has the data.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from engagements.requirement_words import percent

FAR_APART = 0.10  # shares that differ by more are told


@dataclass(frozen=True)
class Measured:
    """Figures of the newest dataset version; sizes are (least, middle, greatest)."""

    label: str
    url: str
    counts: dict[str, int]  # images by class
    splits: dict[str, int]  # images by split
    sizes: dict[str, tuple[int, int, int]]  # width, height in pixels, size_bytes
    file_types: dict[str, int]  # files by ending
    outcomes: dict[str, int]  # files of all imports by what became of them

    @property
    def images(self) -> int:
        return sum(self.counts.values())

    @property
    def shares(self) -> dict[str, float]:
        return {name: n / self.images for name, n in self.counts.items()} if self.images else {}


_sources: list[Callable] = []


def register(source: Callable) -> None:
    """Let `source(engagement)` return what it measured, or None where there is no data yet."""
    if source not in _sources:
        _sources.append(source)


def measured(engagement) -> Measured | None:
    """Return what was measured of the engagement's newest data, or None before there is any."""
    found = (source(engagement) for source in _sources)
    return next((one for one in found if one is not None), None)


def compared(requirement, found: Measured) -> list[dict]:
    """Return stated against measured, row by row, with a verdict in words and `fits`."""
    return [_images(requirement, found), *_classes(requirement, found)]


def _images(requirement, found):
    stated = requirement.stated_images
    fits = stated is None or found.images >= stated
    verdict = (
        _("as stated") if fits else _("%s images missing") % number_format(stated - found.images)
    )
    return {
        "what": _("Images"),
        "stated": "" if stated is None else number_format(stated),
        "measured": number_format(found.images),
        "verdict": _("not stated") if stated is None else verdict,
        "fits": fits,
    }


def _classes(requirement, found):
    asked = requirement.classes
    further = [name for name in found.counts if name not in asked]
    return [_class(name, requirement, found) for name in [*asked, *further]]


def _class(name, requirement, found):
    stated, share = requirement.stated_shares.get(name), found.shares.get(name, 0.0)
    verdict = _verdict(name, requirement, found, stated, share)
    return {
        "what": _("Class “%s”") % name,
        "stated": "" if stated is None else percent(stated),
        "measured": f"{number_format(found.counts.get(name, 0))} ({percent(round(share, 3))})",
        "verdict": verdict or (_("not stated") if stated is None else _("as stated")),
        "fits": not verdict,
    }


def _verdict(name, requirement, found, stated, share) -> str:
    """Return what is wrong with a class, empty where nothing is."""
    if name not in requirement.classes:
        return _("not asked for")
    if not found.counts.get(name):
        return _("missing")
    if stated is not None and abs(stated - share) > FAR_APART:
        return _("the share differs by %s points") % round(abs(stated - share) * 100)
    return ""
