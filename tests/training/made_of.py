"""A small frozen dataset version with real images in storage, for tests of runs."""

import hashlib
import io

import numpy as np
from PIL import Image as Picture

from accounts.models import author
from accounts.scoping import tenant_scope
from lepton.lib import storage
from training.models import Dataset, DatasetVersion, Image, VersionItem
from training.runs import services

CLASSES = ["ok", "scratch"]
PER_CLASS = {"train": 6, "valid": 2, "test": 3}


def picture(label: str, seed: int, side: int = 48) -> bytes:
    """A grey casting as PNG; a scratch is a bright line across it."""
    rng = np.random.default_rng([seed, label == "scratch"])
    pixels = rng.normal(110, 12, (side, side, 3))
    if label == "scratch":
        pixels[rng.integers(8, side - 8) :: 16] = 250
    file = io.BytesIO()
    Picture.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def dataset_version(
    engagement,
    by,
    per_class=PER_CLASS,
    classes=CLASSES,
    test_sha256="0" * 64,
    meta=lambda seed: {},
) -> DatasetVersion:
    """Freeze a version of `per_class` images in each class; needs the tenant's scope.

    `meta(seed)` is the metadata of an image, whose seeds count from 1.
    """
    dataset, _made = Dataset.objects.get_or_create(
        engagement=engagement, name="castings", defaults=author(by)
    )
    counts = {split: dict.fromkeys(classes, n) for split, n in per_class.items()}
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions.count() + 1,
        classes=classes,
        split_policy="given",
        seed=0,
        counts=counts,
        manifest_sha256="0" * 64,
        test_sha256=test_sha256,
        meta_names=sorted(meta(1)),
        **author(by),
    )
    seed = 0
    for split, n in per_class.items():
        for label in classes:
            for _number in range(n):
                seed += 1
                _add(version, split, label, seed, meta(seed))
    return version


def start(engagement, by, params, *, method="fine_tune", data=None):
    """Start a run of the small network, on data of its own if none is given."""
    with tenant_scope(engagement.tenant_id):
        return services.start_run(
            engagement,
            dataset_version=data or dataset_version(engagement, by),
            method=method,
            backbone="lepton_small",
            params=params,
            by=by,
        )


def _add(version, split, label, seed, meta):
    data = picture(label, seed)
    sha256 = hashlib.sha256(data).hexdigest()
    key = storage.tenant_key(version.tenant_id, "images", sha256[:2], f"{sha256}.png")
    storage.put(key, data)
    image, _made = Image.objects.get_or_create(
        sha256=sha256,
        defaults={
            "original_sha256": sha256,
            "width": 48,
            "height": 48,
            "size_bytes": len(data),
            "storage_key": key,
        },
    )
    where = {"path": f"{label}/{seed}.png", "label": label, "split": split, "meta": meta}
    VersionItem.objects.create(version=version, image=image, **where)
