"""A manifest: CSV or JSON Lines whose rows name images that are here already. Read strictly.

A row names an image by `sha256`, or by `dataset` (of the endpoint's engagement) and `path`; a
`reference` goes with the answer. The other columns of a dataset version's own manifest are passed
over, so that one can be sent as it is. An address is no name: nothing is ever fetched.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from serving.protocols.reading import REFERENCE_CHARACTERS, can_be_stored

COLUMNS = ("sha256", "dataset", "path", "reference")
PASSED_OVER = ("label", "split", "group")  # with meta.<name>
MAX_BYTES = 50 * 1024**2
KINDS = {
    "text/csv": "csv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "csv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
}


class Named(NamedTuple):
    """What a row says; "" where it says nothing."""

    sha256: str = ""
    dataset: str = ""
    path: str = ""
    reference: str = ""


class BadManifest(ValidationError):
    """It cannot be read; the text names the line and what is wrong there, for people."""

    def __init__(self, problem: str):
        words = _(
            "The manifest cannot be used: %s. Its rows name images that are here already, by sha256"
            " or by dataset and path."
        )
        super().__init__(words % problem, code="bad_manifest")


def kind_of(name: str, content_type: str = "") -> str | None:
    """Return "csv" or "jsonl" by the type that was declared, else by the file's ending."""
    return KINDS.get(content_type) or KINDS.get(name.rpartition(".")[2].lower())


def parse(data: bytes, kind: str) -> list[Named]:
    """Return the rows. Raises BadManifest."""
    if len(data) > MAX_BYTES:
        raise BadManifest(_("it is larger than 50 MB"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadManifest(_("it is not text in UTF-8")) from None
    rows = []
    for line, row in _csv(text) if kind == "csv" else _jsonl(text):
        rows.append(_named(line, row))
        _refuse_too_many(rows)
    if not rows:
        raise BadManifest(_("it names no image"))
    return rows


def kept(rows: Iterable[Named]) -> bytes:
    """The rows as they wait for a worker."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def read(data: bytes) -> list[Named]:
    """What kept() wrote."""
    return [Named(*json.loads(line)) for line in data.splitlines()]


def _csv(text: str) -> Iterator[tuple[int, dict]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _refuse_unknown(1, reader.fieldnames or [])
        for row in reader:
            if None in row or None in row.values():
                raise _at(reader.line_num, _("it has not as many fields as the first line"))
            yield reader.line_num, row
    except csv.Error as error:
        raise _at(reader.reader.line_num, str(error)) from None


def _jsonl(text: str) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise _at(number, _("it is not JSON")) from None
        if not isinstance(row, dict):
            raise _at(number, _("it is not a JSON object"))
        _refuse_unknown(number, row)
        yield number, row


def _refuse_unknown(line: int, names: Iterable[str]) -> None:
    known = (*COLUMNS, *PASSED_OVER)
    unknown = [name for name in names if name not in known and not name.startswith("meta.")]
    if unknown:
        facts = {"names": ", ".join(unknown)[:200], "known": ", ".join(COLUMNS)}
        raise _at(line, _("unknown column: %(names)s (known: %(known)s)") % facts)


def _named(line: int, row: dict) -> Named:
    values = [row.get(name) or "" for name in COLUMNS]
    if not all(isinstance(value, str) and can_be_stored(value) for value in values):
        raise _at(line, _("its values must be text"))
    named = Named(*(value.strip() for value in values))
    if not named.sha256 and not (named.dataset and named.path):
        raise _at(line, _("it names no image: give sha256, or dataset and path"))
    if len(named.reference) > REFERENCE_CHARACTERS:
        raise _at(line, _("a reference has at most %s characters") % REFERENCE_CHARACTERS)
    return named


def _refuse_too_many(rows: list[Named]) -> None:
    if len(rows) > settings.LEPTON_MAX_IMPORT_FILES:
        most = number_format(settings.LEPTON_MAX_IMPORT_FILES)
        raise BadManifest(_("it names more than %s images") % most)


def _at(line: int, problem: str) -> BadManifest:
    return BadManifest(_("line %(line)d: %(problem)s") % {"line": line, "problem": problem})
