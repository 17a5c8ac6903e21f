"""Globex's engagement with a model that answers: python -m tests.browser.hospital N."""

import json
import sys
from functools import partial

import django

from tests.browser import queue

SLUG = "chest-x-ray-triage"


def main(wanted: int) -> None:
    from accounts.scoping import tenant_scope
    from accounts.system import tenant_for
    from engagements import services
    from lepton.demo import cast, xrays

    mei = cast.person("Mei", cast.VENDOR)
    pictures = {label: partial(xrays.picture, label) for label in xrays.CLASSES}
    with tenant_scope(tenant_for(mei, cast.GLOBEX[0])):
        needed = {"need": "Read the urgent films first.", "classes": xrays.CLASSES}
        needed |= {"metric": "accuracy", "target": "0.8"}
        engagement = services.open_with_requirement(
            "Chest X-ray triage", requirement=needed, by=mei
        )
        queue.fill(engagement, SLUG, pictures, wanted, by=mei)
    print(json.dumps({"engagement": str(engagement.pk)}))


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
