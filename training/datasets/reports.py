"""The report of an import as CSV: every file with its outcome, reason and fix."""

from collections.abc import Iterator

from accounts.scoping import tenant_scope
from training.datasets.manifest import lines
from training.models import ImportRow

COLUMNS = ("path", "outcome", "label", "split", "reason", "fix")
PAGE = 2000


def csv_of(import_) -> Iterator[bytes]:
    """The report in pieces; each piece is read in a transaction of its own."""
    yield lines([COLUMNS]).encode()
    after = -1
    while True:
        with tenant_scope(import_.tenant_id):
            rows = ImportRow.objects.filter(parent=import_.pk, position__gt=after).in_order()[:PAGE]
            page = list(rows)
        if not page:
            return
        after = page[-1].position
        cells = ([getattr(row, name) for name in COLUMNS] for row in page)
        yield lines([harmless(cell) for cell in row] for row in cells).encode()


def harmless(cell: str) -> str:
    """A file name that a spreadsheet would run as a formula is kept as text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell
