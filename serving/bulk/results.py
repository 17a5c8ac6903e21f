"""The answers of a bulk prediction as a file, whole or as far as it has come."""

import json
from collections.abc import Iterable, Iterator

from accounts.scoping import tenant_scope
from serving.bulk.models import BulkRow
from training.datasets.manifest import lines
from training.datasets.reports import harmless

COLUMNS = ("path", "label", "score", "model_version", "prediction_id", "error", "reference")
PAGE = 2000


def csv_of(bulk) -> Iterator[bytes]:
    """A line for each image: its answer, or why there is none."""
    yield lines([COLUMNS]).encode()
    for page in _pages(bulk):
        yield lines([harmless(_text(row, name)) for name in COLUMNS] for row in page).encode()


def jsonl_of(bulk) -> Iterator[bytes]:
    """The same as JSON, with the score of every class."""
    for page in _pages(bulk):
        yield "".join(f"{json.dumps(_document(row))}\n" for row in page).encode()


KINDS = {"csv": ("text/csv", csv_of), "jsonl": ("application/jsonl", jsonl_of)}


def file_name(bulk, kind: str) -> str:
    return f"answers-{bulk.created_at:%Y-%m-%d-%H%M}.{kind}"


def _pages(bulk) -> Iterable[list[BulkRow]]:
    after = -1
    while True:
        with tenant_scope(bulk.tenant_id):
            rows = BulkRow.objects.filter(parent=bulk.pk, position__gt=after)
            page = list(rows.order_by("position")[:PAGE])
        if not page:
            return
        after = page[-1].position
        yield page


def _text(row: BulkRow, name: str) -> str:
    value = getattr(row, name)
    return "" if value is None else str(value)


def _document(row: BulkRow) -> dict:
    if row.error:
        return {"path": row.path, "reference": row.reference, "error": row.error}
    names = ("path", "reference", "label", "score", "scores", "model_version")
    return {name: getattr(row, name) for name in names} | {"prediction_id": str(row.prediction_id)}
