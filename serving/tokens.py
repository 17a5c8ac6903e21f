"""The site's own pass to one endpoint: signed by it, verified from memory, short-lived."""

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
    user_id: UUID | None
    is_bulk: bool = False
    key_id = None
    scopes = (Capability.PREDICT,)


def sign(endpoint, *, user) -> str:
    """Make a pass for a user who may send data to this endpoint (the caller has checked that)."""
    return _signed(endpoint, user.pk, False)


def sign_look(endpoint) -> str:
    """Make a pass for the site itself, which looks for somebody who may view this endpoint."""
    return _signed(endpoint, None, False)


def sign_bulk(endpoint, *, user_id) -> str:
    """Make a pass for what somebody (None: an API key) sent in bulk: it waits for all others."""
    return _signed(endpoint, user_id, True)


def _signed(endpoint, user_id, is_bulk: bool) -> str:
    names = [endpoint.tenant.slug, endpoint.slug, user_id and str(user_id), is_bulk]
    return PREFIX + signing.dumps(names, salt=SALT)


def read(token: str) -> Pass:
    """Return what a pass says. Raises Refused for a forged or an old one."""
    try:
        tenant, endpoint, user, is_bulk = signing.loads(
            token.removeprefix(PREFIX), salt=SALT, max_age=SECONDS
        )
    except signing.SignatureExpired:
        raise unauthenticated(_("This page's pass has expired: load the page again.")) from None
    except (signing.BadSignature, ValueError):
        raise unauthenticated(_("This is not a valid pass.")) from None
    return Pass(tenant, endpoint, user and UUID(user), is_bulk)
