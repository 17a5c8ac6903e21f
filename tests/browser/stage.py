"""Make the people and Alice's engagement in an installation: python -m tests.browser.stage."""

import json

import django
from django.conf import settings

CLASSES = ("dent", "ok", "scratch")


def main() -> None:
    from accounts.scoping import tenant_scope
    from accounts.system import tenant_for
    from engagements import services
    from lepton.demo import cast

    mei, password = cast.assemble(settings.LEPTON_HOME)
    acme = tenant_for(mei, cast.ACME[0])
    with tenant_scope(acme):
        engagement = services.open_with_requirement(
            "Surface inspection",
            summary="Find bad plates before they are shipped.",
            requirement={
                "need": "Find dented and scratched plates before they are shipped.",
                "classes": CLASSES,
                "metric": "accuracy",
                "target": "0.9",
            },
            by=mei,
        )
    print(json.dumps({"password": password, "engagement": str(engagement.pk)}))


if __name__ == "__main__":
    django.setup()
    main()
