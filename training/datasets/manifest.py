"""The manifest of a version as CSV: what is downloaded has the very sha256 the version carries."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator

from accounts.scoping import tenant_scope
from training.models import VersionItem

COLUMNS = ("sha256", "path", "label", "split", "group")
PAGE = 2000


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Rows (in the order of COLUMNS) as CSV text with line feeds."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def columns(meta_names: Iterable[str]) -> tuple[str, ...]:
    """The columns of a manifest whose images have metadata of these names; else the first few."""
    return (*COLUMNS, *(f"meta.{name}" for name in meta_names))


def sha256_of(rows: Iterable[Iterable[str]], meta_names: Iterable[str] = ()) -> str:
    """The sha256 of the manifest with these rows, sorted as they will be written."""
    digest = hashlib.sha256(lines([columns(meta_names)]).encode())
    digest.update(lines(sorted(rows)).encode())
    return digest.hexdigest()


def holdout_sha256_of(rows: Iterable[tuple[str, str]]) -> str:
    """The sha256 of a holdout: its (image sha256, label) rows, sorted.

    Paths, groups and the other splits are left out, so that a version which only adds training
    images, or renames files, keeps its holdout.
    """
    return hashlib.sha256(lines(sorted(rows)).encode()).hexdigest()


def csv_of(version) -> Iterator[bytes]:
    """The manifest of a version in pieces; each piece is read in a transaction of its own."""
    yield lines([columns(version.meta_names)]).encode()
    after = ""
    while True:
        with tenant_scope(version.tenant_id):
            found = VersionItem.objects.filter(version=version.pk, image__sha256__gt=after)
            names = ("image__sha256", "path", "label", "split", "group", "meta")
            page = [
                (*row, *(meta.get(name, "") for name in version.meta_names))
                for *row, meta in found.order_by("image__sha256").values_list(*names)[:PAGE]
            ]
        if not page:
            return
        after = page[-1][0]
        yield lines(page).encode()
