"""The go-live pack's sections: each app writes those on what it owns, from rows and as plain data.

A section is {title, blocks}; a block is one of the functions below. Pages, HTML and PDF are made of
the same data, whose hash is what is kept.
"""

from collections.abc import Callable, Iterable

Section = dict
Write = Callable[..., Section | None]
_writers: dict[str, tuple[int, Write]] = {}


def register(key: str, place: int, write: Write) -> None:
    """Let `write(engagement)` answer a section (or None), shown in the order of `place`."""
    _writers[key] = (place, write)


def sections(engagement) -> list[Section]:
    """Return every section that has something to say, in order."""
    ordered = sorted(_writers.values(), key=lambda pair: pair[0])
    found = [write(engagement) for _place, write in ordered]
    return [one for one in found if one]


def section(title, *blocks) -> Section:
    """A heading with what stands below it; a block that is None is left out."""
    return {"title": str(title), "blocks": [block for block in blocks if block]}


def text(words) -> dict | None:
    """A paragraph; None for no words."""
    return {"kind": "text", "text": str(words)} if words else None


def heading(words) -> dict:
    """A smaller heading."""
    return {"kind": "heading", "text": str(words)}


def facts(rows: Iterable[tuple]) -> dict | None:
    """Labels with their values; None where there are none."""
    kept = [[str(label), str(value)] for label, value in rows if value not in ("", None)]
    return {"kind": "facts", "rows": kept} if kept else None


def table(head: Iterable, rows: Iterable[Iterable]) -> dict | None:
    """A table with a head; None where it has no row."""
    kept = [[_cell(value) for value in row] for row in rows]
    return {"kind": "table", "head": [str(word) for word in head], "rows": kept} if kept else None


def bullets(items: Iterable) -> dict | None:
    """A list; None where it is empty."""
    kept = [str(item) for item in items if item]
    return {"kind": "list", "items": kept} if kept else None


def _cell(value) -> str:
    return "–" if value is None or value == "" else str(value)
