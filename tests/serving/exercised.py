"""What exercises need in tests: test images in storage, and a worker that works them off."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.scoping import tenant_scope
from serving import tasks
from tests.serving import models
from training.models import Image, VersionItem

COLOURS = [(200, 40, 90), (20, 180, 60), (240, 240, 240), (15, 15, 15)]


def give_test_images(version, colours=COLOURS):
    """Put pictures into the test split that a model version was measured on."""
    data_version = version.run.dataset_version
    for number, colour in enumerate(colours):
        data = models.picture(colour)
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"tenants/{version.tenant_id}/images/{sha256}.jpg"
        default_storage.save(key, ContentFile(data))
        facts = {"width": 320, "height": 240, "size_bytes": len(data), "storage_key": key}
        image, _made = Image.objects.get_or_create(
            sha256=sha256, defaults={"original_sha256": sha256, **facts}
        )
        path, label = f"ok/{number}.jpg", version.classes[number % len(version.classes)]
        VersionItem.objects.create(
            version=data_version, image=image, path=path, label=label, split="test"
        )


def work_off():
    """Do what a worker does when it is woken."""
    tasks.wake_exercises()


def again(tenant, row):
    with tenant_scope(tenant):
        row.refresh_from_db()
        return row
