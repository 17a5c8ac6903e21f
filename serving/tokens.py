"""The browser's pass to one endpoint: signed by the site, verified from memory, short-lived."""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from accounts.roles import Capability
from serving.refusals import unauthenticated

PREFIX = "lepb_"
SALT = "serving.try-it"
SECONDS = 60


@dataclass(frozen=True)
class Pass:
    """Who may ask which endpoint; has the fields of an API key that the data plane looks at."""

    tenant_slug: str
    endpoint_slug: str
    user_id: UUID
    key_id = None
    is_practice = False
    scopes = (Capability.PREDICT,)


def sign(endpoint, *, user) -> str:
    """Make a pass for a user who may send data to this endpoint (the caller has checked that)."""
    names = [endpoint.tenant.slug, endpoint.slug, str(user.pk)]
    return PREFIX + signing.dumps(names, salt=SALT)


def read(token: str) -> Pass:
    """Return what a pass says. Raises Refused for a forged or an old one."""
    try:
        tenant, endpoint, user = signing.loads(
            token.removeprefix(PREFIX), salt=SALT, max_age=SECONDS
        )
    except signing.SignatureExpired:
        raise unauthenticated(_("This page's pass has expired: load the page again.")) from None
    except (signing.BadSignature, ValueError):
        raise unauthenticated(_("This is not a valid pass.")) from None
    return Pass(tenant, endpoint, UUID(user))
