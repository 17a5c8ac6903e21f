"""Answers from a file: CSV or JSON Lines, each row taken or refused by itself.

Sent twice, the same rows are the same answers: nothing is counted twice.
"""

import csv
import io
import json

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from feedback import bulk
from feedback.bulk import Outcome
from feedback.serializers import MOST_ROWS, ReferredFeedbackSerializer
from lepton.lib.problems import sentence

COLUMNS = ("prediction_id", "reference", "verdict", "label", "comment")
MAX_BYTES = 10 * 1024**2
MAX_ROWS = 10_000


def take(data: bytes, *, by) -> list[tuple[int, Outcome]]:
    """Take the answers of a file; returns (line number, outcome) of each, in order.

    Raises ValidationError where it is no such file at all.
    """
    if len(data) > MAX_BYTES:
        raise ValidationError(
            {"file": _("The file is larger than %s.") % filesizeformat(MAX_BYTES)}
        )
    try:
        rows = list(parse(data))
    except csv.Error as error:
        raise ValidationError({"file": _("This CSV cannot be read: %s.") % error}) from None
    if not rows:
        raise ValidationError({"file": _("There is no row in this file.")})
    if len(rows) > MAX_ROWS:
        raise ValidationError({"file": _("At most %s rows are taken at once.") % MAX_ROWS})
    taken = []
    for at in range(0, len(rows), MOST_ROWS):
        part = rows[at : at + MOST_ROWS]
        outcomes = take_rows([row for _line, row in part], by=by)
        taken += zip((line for line, _row in part), outcomes, strict=True)
    return taken


def take_rows(rows, *, by) -> list[Outcome]:
    """Take answers as they were sent; those that make no sense are refused one by one."""
    checked = [ReferredFeedbackSerializer(data=row) for row in rows]
    good = [one.validated_data for one in checked if one.is_valid()]
    given = iter(bulk.give_many(good, by=by))
    return [
        Outcome(400, error=sentence(one.errors)) if one.errors else next(given) for one in checked
    ]


def parse(data: bytes):
    """Yield (line number from 1, row) of a CSV with a header or of JSON Lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationError({"file": _("The file is not text in UTF-8.")}) from None
    if text.lstrip().startswith("{"):
        return _json_lines(text)
    return _csv(text)


def _json_lines(text):
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            yield number, row if isinstance(row, dict) else {"line": line[:80]}


def _csv(text):
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in reader.fieldnames or []]
    if "verdict" not in header or not {"prediction_id", "reference"} & set(header):
        words = _("The first line names the columns: verdict, and prediction_id or reference.")
        raise ValidationError({"file": words})
    for row in reader:
        filled = {(k or "").strip(): v.strip() for k, v in row.items() if isinstance(v, str)}
        extra = {"column": row[None]} if row.get(None) else {}
        yield reader.line_num, {k: v for k, v in filled.items() if v} | extra
