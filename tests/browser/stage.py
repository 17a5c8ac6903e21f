"""Make the people, and an engagement of Alice's: python -m tests.browser.stage [TITLE]."""

import json
import sys

import django
from django.conf import settings

CLASSES = ("dent", "ok", "scratch")


def main(title: str) -> None:
    from lepton.demo import cast

    mei, password = cast.assemble(settings.LEPTON_HOME)
    engagement = str(_opened(title, by=mei).pk) if title else ""
    print(json.dumps({"password": password, "engagement": engagement}))


def _opened(title, *, by):
    from accounts.scoping import tenant_scope
    from accounts.system import tenant_for
    from engagements import services
    from lepton.demo import cast

    with tenant_scope(tenant_for(by, cast.ACME[0])):
        return services.open_with_requirement(
            title,
            summary="Find bad plates before they are shipped.",
            requirement={
                "need": "Find dented and scratched plates before they are shipped.",
                "classes": CLASSES,
                "metric": "accuracy",
                "target": "0.9",
            },
            by=by,
        )


if __name__ == "__main__":
    django.setup()
    main("".join(sys.argv[1:]))
