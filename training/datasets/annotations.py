"""Annotation files in the formats of others, as the rows of a splits file.

Read: JSON Lines ({"file", "label", "split", "group", "meta"} a line), COCO (images, annotations and
categories; an image's class is the category of its annotations), and Label Studio's JSON export
(tasks with a choice each). Anything else is taken for CSV (splits.py).
"""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext as _


class BadAnnotations(ValueError):
    """The file says what cannot be understood; the text says where and why, for people."""


def rows_of(data: bytes) -> Iterator[tuple[str, dict]] | None:
    """Return (where, {file, label, split, group}) rows of a JSON format, or None for other files.

    Raises BadAnnotations, also while the rows are read.
    """
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start not in (b"{", b"["):
        return None
    try:
        document = json.loads(data)
    except ValueError:
        return _json_lines(data)
    if isinstance(document, list):
        return _label_studio(document)
    if "annotations" in document and "images" in document:
        return _coco(document)
    return _json_lines(data)  # a single line


def _json_lines(data) -> Iterator[tuple[str, dict]]:
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        where = _("line %d") % number
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadAnnotations(f"{where}: {error}") from None
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise BadAnnotations(_("%s: it has no “file”") % where)
        yield where, _row(row["file"], row.get("label"), row)


def _coco(document) -> Iterator[tuple[str, dict]]:
    names = {one["id"]: str(one["name"]) for one in _dicts(document, "categories", "id", "name")}
    labels = {}
    for one in _dicts(document, "annotations", "image_id", "category_id"):
        if one["category_id"] not in names:
            raise BadAnnotations(_("there is no category %s") % one["category_id"])
        labels.setdefault(one["image_id"], set()).add(names[one["category_id"]])
    for image in _dicts(document, "images", "id", "file_name"):
        where = _("image %s") % image["id"]
        found = sorted(labels.get(image["id"], ()))
        if len(found) > 1:
            words = _("%(where)s has several categories (%(names)s): an image has one class here")
            raise BadAnnotations(words % {"where": where, "names": ", ".join(found)})
        label = found[0] if found else ""
        yield where, _row(image["file_name"], label, image)


def _label_studio(tasks) -> Iterator[tuple[str, dict]]:
    for number, task in enumerate(tasks, 1):
        where = _("task %s") % (task.get("id", number) if isinstance(task, dict) else number)
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("image"), str):
            raise BadAnnotations(_("%s: it has no image") % where)
        chosen = _choices(task)
        if len(chosen) > 1:
            words = _("%(where)s has several choices (%(names)s): an image has one class here")
            raise BadAnnotations(words % {"where": where, "names": ", ".join(sorted(chosen))})
        label = next(iter(chosen), "")
        yield where, _row(_local(data["image"]), label, data)


def _choices(task) -> set[str]:
    """What was chosen in the newest annotation that was not cancelled."""
    done = [one for one in task.get("annotations") or [] if not one.get("was_cancelled")]
    results = done[-1].get("result", []) if done else []
    return {
        str(name)
        for one in results
        if one.get("type") == "choices"
        for name in one.get("value", {}).get("choices", [])
    }


def _local(address: str) -> str:
    """The path of an image's address: Label Studio writes /data/local-files/?d=a/b.jpg too."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query).get("d")
    return unquote(asked[0] if asked else parts.path or address).lstrip("/")


def _dicts(document, name, *needed) -> list[dict]:
    rows = document.get(name)
    if not isinstance(rows, list):
        raise BadAnnotations(_("“%s” is not a list") % name)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or (missing := [one for one in needed if one not in row]):
            lacking = needed[0] if not isinstance(row, dict) else missing[0]
            words = _("entry %(number)s of “%(name)s” has no “%(key)s”")
            raise BadAnnotations(words % {"number": number, "name": name, "key": lacking})
    return rows


def _row(file, label, said) -> dict:
    """A row of the splits file, of an entry with `split`, `group` and `meta` {name: value}."""
    found = {"file": file, "label": label, "split": said.get("split"), "group": said.get("group")}
    meta = said.get("meta")
    for name, value in (meta if isinstance(meta, dict) else {}).items():
        found[f"meta.{name}"] = value
    return {name: "" if value is None else str(value) for name, value in found.items()}
