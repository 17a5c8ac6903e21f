"""Milliseconds a page of the gallery takes with 50,000 images, its queries, and likeness."""

import argparse
import os
import platform
import resource
import time

import numpy as np

from benchmarks.desk.pages import row
from benchmarks.installation import an_installation, analyse

CLASSES = ["crack", "dent", "ok", "scratch", "stain"]
FEATURES = 512
BATCH = 2000


def main():
    """Fill a database of its own, time the pages through Django's client, and delete it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=50_000)
    wanted = arguments.parse_args()
    with an_installation():
        measure(wanted.images)


def measure(images: int) -> None:
    """Fill and time; prints a table of medians in milliseconds, with the queries of each page."""
    import django

    began = time.monotonic()
    owner, base, seen, bare = fill(images)
    analyse()
    print(f"{images:,} images made in {time.monotonic() - began:.0f} s")
    print(f"Django {django.get_version()}, Python {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores ({platform.machine()})\n")
    print(f"{'page':34}{'median ms':>10}{'worst ms':>10}{'queries':>9}")
    gallery = f"{base}gallery/"
    for name, page in [
        ("like one, by features", f"{gallery}?like={seen}"),
        ("like one, by prints", f"{gallery}?like={bare}"),
        ("first page", gallery),
        ("a class and a split", f"{gallery}?label=dent&split=test"),
        ("a page in the middle", middle(owner, gallery)),
        ("without a label", f"{gallery}?show=unlabelled"),
        ("much darker", f"{gallery}?show=dark"),
        ("like one, features, a class", f"{gallery}?like={seen}&label=dent"),
        ("like one, prints, a class", f"{gallery}?like={bare}&label=dent"),
        ("labelling", f"{base}label/"),
        ("the data page", base.rsplit("/", 2)[0] + "/"),
    ]:
        print(f"{name:34}{row(owner, page).split(page)[-1]}")
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def middle(owner, gallery: str) -> str:
    """The address of a page far from the first, by its cursor."""
    from base64 import b64encode
    from urllib.parse import urlencode

    cursor = urlencode({"p": "dent/0000500.jpg"})
    return f"{gallery}?{urlencode({'cursor': b64encode(cursor.encode()).decode()})}"


def fill(images: int):
    """Make one dataset with vectors for all but the last images of each batch, a hundredth of them
    without a label. Returns (the owner, the dataset's address, an item with features, one without).
    """
    from accounts import services as accounts
    from accounts.models import User
    from accounts.scoping import tenant_scope
    from engagements import services as engagements
    from training.models import Dataset

    manager = User.objects.create_user(
        "manager@vendor.example", "x", name="Manager", staff_role="account_manager"
    )
    tenant = accounts.create_tenant("customer", name="Customer", by=manager)
    with tenant_scope(tenant):
        owner = accounts.add_member("owner@example.com", name="Owner", role="owner", by=None).user
        engagement = engagements.open_engagement("Line 1", by=manager)
        dataset = Dataset.objects.create(engagement=engagement, name="x", created_by_label="x")
    rng, kept = np.random.default_rng(0), {}
    for at in range(0, images, BATCH):
        kept = _batch(tenant, dataset, rng, range(at, min(at + BATCH, images))) | kept
    base = f"/t/customer/e/{engagement.pk}/data/{dataset.pk}/"
    return owner, base, kept["seen"], kept["bare"]


def _batch(tenant, dataset, rng, numbers) -> dict:
    from accounts.scoping import tenant_scope
    from training.datasets import vectors
    from training.models import Image, Item

    prints = rng.integers(0, 256, (len(numbers), 1024), dtype=np.uint8)
    with tenant_scope(tenant):
        made = Image.objects.bulk_create(
            Image(
                sha256=f"{n:064x}",
                original_sha256=f"{n:064x}",
                width=640,
                height=480,
                size_bytes=60_000,
                storage_key=f"tenants/{tenant.pk}/images/{n % 256:02x}/{n:064x}.jpg",
                brightness=float(rng.normal(0.5, 0.05)),
                sharpness=float(rng.lognormal(-6, 0.3)),
                thumbprint=prints[place].tobytes(),
            )
            for place, n in enumerate(numbers)
        )
        items = Item.objects.bulk_create(
            _item(dataset, image, n) for image, n in zip(made, numbers, strict=True)
        )
    features = np.maximum(rng.normal(size=(len(numbers), FEATURES)), 0)
    ids = [image.pk for image in made[:-1]]
    facts = {"network": "resnet18", "weights_sha256": "0" * 64}
    vectors.keep(tenant.pk, ids, features[:-1], **facts)
    return {"seen": items[0].pk, "bare": items[-1].pk}


def _item(dataset, image, n):
    from training.models import Item

    label = CLASSES[n % len(CLASSES)]
    return Item(
        dataset=dataset,
        image=image,
        path=f"{label}/{n // len(CLASSES):07}.jpg",
        label="" if n % 100 == 7 else label,
        split=("train", "train", "train", "valid", "test")[n // 7 % 5],
    )


if __name__ == "__main__":
    main()
