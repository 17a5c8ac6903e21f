"""A model in place and predictions to review, as rows alone: python -m tests.browser.queue N."""

import hashlib
import sys

import django
import numpy as np
from django.core.files.base import ContentFile

from tests.browser.stage import CLASSES


def main(wanted: int) -> None:
    from django.core.files.storage import default_storage

    from accounts.scoping import tenant_scope
    from accounts.system import tenant_for
    from engagements.models import Engagement
    from lepton.demo import archives, cast, surfaces
    from serving.models import Deployment, Endpoint, Prediction
    from tests.serving import models

    mei = cast.person("Mei", cast.VENDOR)
    with tenant_scope(tenant_for(mei, cast.ACME[0])):
        engagement = Engagement.objects.get()
        endpoint = Endpoint.objects.create(engagement=engagement, slug="plates", **_by(mei))
        model = models.model_version(engagement, by=mei, classes=CLASSES)
        Deployment.objects.create(
            endpoint=endpoint, model_version=model, number=1, state="live", **_by(mei)
        )
        for number in range(wanted):
            label = CLASSES[number % len(CLASSES)]
            random = np.random.default_rng([5, number])
            data = archives.jpeg(surfaces.picture(label, random), random)
            sha256 = hashlib.sha256(data).hexdigest()
            key = f"tenants/{engagement.tenant_id}/inputs/{sha256}.jpg"
            default_storage.save(key, ContentFile(data))
            Prediction.objects.create(
                endpoint=endpoint,
                model_version=model,
                label=label,
                score=0.8,
                scores=[0.8, 0.1, 0.1],
                latency_ms=9,
                input_sha256=sha256,
                input_key=key,
            )
    print("ready")


def _by(user) -> dict:
    from accounts.models import author

    return author(user)


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
