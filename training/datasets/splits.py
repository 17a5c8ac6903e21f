"""The splits file: a CSV with `file`, `split` and optionally `label`, `group` and any number of
`meta.<name>`, read strictly; or the same in a JSON format (annotations.py)."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from training.datasets import annotations, layout
from training.datasets.archive import BadArchive

COLUMNS = ("file", "label", "split", "group")
MAX_BYTES = 50 * 1024**2
META, MOST_NAME, MOST_VALUE = "meta.", 60, 200
SHOWN = 5  # problems named in one message


@dataclass(frozen=True, slots=True)
class Line:
    """What the splits file says of one file; "" where it says nothing."""

    label: str
    split: str
    group: str
    meta: dict = field(default_factory=dict)


def parse(data: bytes, paths: Sequence[str]) -> dict[str, Line]:
    """Map paths of the archive to their lines. Raises BadArchive naming the lines at fault."""
    by_name = {path: path for path in paths} | layout.without_wrapper(paths)
    ends = _unique_ends(paths)
    lines, problems = {}, []
    for where, row in _rows_of(data):
        name = _normal(row["file"])
        path = by_name.get(name) or ends.get(name.rsplit("/", 1)[-1])
        problem = _problem(row, path, lines)
        if problem:
            problems.append(_("%(where)s: %(problem)s") % {"where": where, "problem": problem})
            continue
        split = layout.SPLIT_FOLDERS.get((row.get("split") or "").strip().lower(), "")
        label, group = (row.get("label") or "").strip(), (row.get("group") or "").strip()
        lines[path] = Line(label, split, group, _meta(row))
    if problems:
        raise _bad(_summary(problems))
    return lines


def _rows_of(data) -> Iterator[tuple[str, dict]]:
    """(where, row) of a CSV or of one of the JSON formats of annotations.py."""
    try:
        if found := annotations.rows_of(data):
            yield from found
            return
    except annotations.BadAnnotations as error:
        raise _bad(error) from None
    reader = _reader(data)
    for row in _rows(reader):
        yield _("line %d") % reader.line_num, row


def _is_meta(name) -> bool:
    """Whether a column is metadata: `meta.` and a name, as in meta.site."""
    plain = str(name).removeprefix(META)
    return str(name).startswith(META) and 0 < len(plain) <= MOST_NAME


def _meta(row) -> dict[str, str]:
    """What a row says besides: {name: value}, without the empty ones."""
    found = ((name, (row[name] or "").strip()) for name in row if name and _is_meta(name))
    return {name.removeprefix(META): value for name, value in found if value}


def _unique_ends(paths) -> dict[str, str]:
    """Paths by their last part where that is unique: other tools keep images in other folders."""
    count = Counter(path.rsplit("/", 1)[-1] for path in paths)
    return {end: path for path in paths if count[end := path.rsplit("/", 1)[-1]] == 1}


def _reader(data):
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        columns = reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(_("it is not a CSV file in UTF-8 (%(detail)s)") % {"detail": error}) from None
    if unknown := [str(name) for name in columns if name not in COLUMNS and not _is_meta(name)]:
        raise _bad(_("unknown column: %(names)s") % {"names": ", ".join(unknown)})
    if missing := [name for name in ("file", "split") if name not in columns]:
        raise _bad(_("missing column: %(names)s") % {"names": ", ".join(missing)})
    return reader


def _rows(reader):
    try:
        yield from reader
    except csv.Error as error:
        raise _bad(_at_line(reader, error)) from None


def _problem(row, path, seen) -> str:
    if None in row or row["file"] is None:
        return _("it does not have as many fields as the first line")
    split = (row["split"] or "").strip()
    if split and split.lower() not in layout.SPLIT_FOLDERS:
        return _("unknown split “%(split)s”: use train, valid or test") % {"split": split}
    if path is None:
        return _("“%(file)s” is not in the archive") % {"file": row["file"]}
    if path in seen:
        return _("“%(file)s” is named twice") % {"file": row["file"]}
    if len((row.get("label") or "").strip()) > 80 or len((row.get("group") or "").strip()) > 200:
        return _("a label has at most 80 characters and a group 200")
    if any(len(value) > MOST_VALUE for value in _meta(row).values()):
        return _("a value of metadata has at most %s characters") % MOST_VALUE
    return ""


def _at_line(reader, problem) -> str:
    return _("line %(line)d: %(problem)s") % {"line": reader.line_num, "problem": problem}


def _normal(name) -> str:
    return (name or "").strip().replace("\\", "/").removeprefix("./")


def _summary(problems) -> str:
    words = "; ".join(problems[:SHOWN])
    more = len(problems) - SHOWN
    return words + (_("; and %(count)d more") % {"count": more} if more > 0 else "")


def _bad(detail):
    return BadArchive(
        _("The splits file cannot be used: %(detail)s.") % {"detail": detail},
        _(
            "A CSV needs the columns file and split (train, valid, test); label and group may"
            " follow, and whatever else is known of the images as meta.<name>, like meta.site."
            " JSON Lines, COCO and Label Studio's JSON are read too."
        ),
    )
