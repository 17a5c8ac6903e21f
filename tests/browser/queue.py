"""A model in place and predictions to review, as rows alone:
python -m tests.browser.queue ENGAGEMENT N."""

import hashlib
import sys
from functools import partial

import django
import numpy as np
from django.core.files.base import ContentFile

from tests.browser.stage import CLASSES


def main(engagement: str, wanted: int) -> None:
    from accounts.scoping import tenant_scope
    from accounts.system import tenant_for
    from engagements.models import Engagement
    from lepton.demo import cast, surfaces

    mei = cast.person("Mei", cast.VENDOR)
    with tenant_scope(tenant_for(mei, cast.ACME[0])):
        pictures = {label: partial(surfaces.picture, label) for label in CLASSES}
        fill(Engagement.objects.get(pk=engagement), "plates", pictures, wanted, by=mei)
    print("ready")


def fill(engagement, slug, pictures, wanted, *, by) -> None:
    """Put a model of these classes in place, and as many predictions as are `wanted`."""
    from django.core.files.storage import default_storage

    from accounts.models import author
    from lepton.demo import archives
    from serving.models import Deployment, Endpoint, Prediction
    from tests.serving import models

    classes, by_whom = tuple(pictures), author(by)
    endpoint = Endpoint.objects.create(engagement=engagement, slug=slug, **by_whom)
    model = models.model_version(engagement, by=by, classes=classes)
    Deployment.objects.create(
        endpoint=endpoint, model_version=model, number=1, state="live", **by_whom
    )
    for number in range(wanted):
        label, random = classes[number % len(classes)], np.random.default_rng([5, number])
        data = archives.jpeg(pictures[label](random), random)
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"tenants/{engagement.tenant_id}/inputs/{sha256}.jpg"
        default_storage.save(key, ContentFile(data))
        Prediction.objects.create(
            endpoint=endpoint,
            model_version=model,
            label=label,
            score=0.8,
            scores=[0.8, *[0.2 / (len(classes) - 1)] * (len(classes) - 1)],
            latency_ms=9,
            input_sha256=sha256,
            input_key=key,
        )


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1], int(sys.argv[2]))
