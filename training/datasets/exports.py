"""A dataset version in the formats of others; annotations.py and the importer read them back.

Each piece is read in a transaction of its own, so that a slow download holds none.
"""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from accounts import audit
from accounts.scoping import tenant_scope
from lepton.lib import storage
from lepton.lib.pipe import Pipe
from training.datasets import layout, manifest
from training.models import VersionItem

EXPORTED = "dataset_version.exported"  # in the audit
PAGE = 500
FIELDS = ("path", "label", "split", "group", "meta")
FIELDS += ("image__sha256", "image__width", "image__height")


def jsonl_of(version) -> Iterator[bytes]:
    """A line {"file", "label", "split", "group", "meta", "sha256"} an image."""
    for page in _pages(version):
        yield b"".join(json.dumps(_plain(row)).encode() + b"\n" for row in page)


def coco_of(version) -> Iterator[bytes]:
    """COCO: images (with their split and group), an annotation each, and the categories."""
    categories = [{"id": i, "name": name} for i, name in enumerate(version.classes, 1)]
    number = {one["name"]: one["id"] for one in categories}
    yield f'{{"categories": {json.dumps(categories)}, "images": ['.encode()
    labels, count = [], 0
    for page in _pages(version):
        images = []
        for row in page:
            count += 1
            labels.append(number[row["label"]])
            images.append(_coco_image(count, row))
        comma = ", " if count > len(page) else ""
        yield (comma + ", ".join(map(json.dumps, images))).encode()
    yield b'], "annotations": ['
    for at in range(0, count, PAGE):
        rows = [
            {"id": place + 1, "image_id": place + 1, "category_id": labels[place]}
            for place in range(at, min(at + PAGE, count))
        ]
        yield ((", " if at else "") + ", ".join(map(json.dumps, rows))).encode()
    yield b"]}\n"


def label_studio_of(version) -> Iterator[bytes]:
    """Label Studio's tasks, each with the choice of its class."""
    before = b"["
    for page in _pages(version):
        yield before + b",\n".join(json.dumps(_task(row)).encode() for row in page)
        before = b",\n"
    yield b"]\n" if before != b"[" else b"[]\n"


def zip_of(version) -> Iterator[bytes]:
    """An ImageFolder zip, `<split>/<class>/<name>`, with its splits.csv; what is gone is named."""
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        lines = [("file", *manifest.columns(version.meta_names)[2:])]
        erased = [("file", "sha256")]
        for page in _pages(version, "image__storage_key", "image__erased_at"):
            for row in page:
                if row["image__erased_at"]:
                    erased.append((row["path"], row["image__sha256"]))
                    continue
                name = _name(row)
                meta = [row["meta"].get(one, "") for one in version.meta_names]
                lines.append((name, row["label"], row["split"], row["group"], *meta))
                archive.writestr(name, storage.get(row["image__storage_key"]))
                yield out.taken()
        archive.writestr("splits.csv", manifest.lines(lines))
        if len(erased) > 1:
            archive.writestr(layout.ERASED_FILE, manifest.lines(erased))
    yield out.taken()


KINDS: dict[str, tuple[str, str, Callable]] = {
    "csv": ("manifest-v{}.csv", "text/csv", manifest.csv_of),
    "jsonl": ("manifest-v{}.jsonl", "application/jsonl", jsonl_of),
    "coco": ("coco-v{}.json", "application/json", coco_of),
    "label-studio": ("label-studio-v{}.json", "application/json", label_studio_of),
    "zip": ("images-v{}.zip", "application/zip", zip_of),
}


def export(version, kind, *, by) -> tuple[str, str, Iterator[bytes]]:
    """Return file name, content type and pieces of a version; who took it out is noted."""
    name, content_type, pieces = KINDS[kind]
    audit.record(EXPORTED, version, by=by, kind=kind, sha256=version.manifest_sha256)
    return name.format(version.number), content_type, pieces(version)


def _pages(version, *more) -> Iterator[list[dict]]:
    after = ""
    while True:
        with tenant_scope(version.tenant_id):
            found = VersionItem.objects.filter(version=version.pk, image__sha256__gt=after)
            page = list(found.order_by("image__sha256").values(*FIELDS, *more)[:PAGE])
        if not page:
            return
        after = page[-1]["image__sha256"]
        yield page


def _plain(row) -> dict:
    found = {name: row[name] for name in ("label", "split", "group")}
    return {"file": row["path"], **found, **_meta(row), "sha256": row["image__sha256"]}


def _meta(row) -> dict:
    return {"meta": row["meta"]} if row["meta"] else {}


def _coco_image(number, row) -> dict:
    size = {"width": row["image__width"], "height": row["image__height"]}
    named = {"id": number, "file_name": row["path"], **size}
    return named | {"split": row["split"], "group": row["group"]} | _meta(row)


def _task(row) -> dict:
    chosen = {"choices": [row["label"]]}
    result = {"from_name": "class", "to_name": "image", "type": "choices", "value": chosen}
    data = {"image": row["path"], "split": row["split"], "group": row["group"]} | _meta(row)
    return {"data": data, "annotations": [{"result": [result]}]}


def _name(row) -> str:
    """Files of one name in several folders stay apart by the start of their hash."""
    plain = PurePosixPath(row["path"])
    return (
        f"{row['split']}/{row['label']}/{plain.stem[:80]}-{row['image__sha256'][:12]}{plain.suffix}"
    )
