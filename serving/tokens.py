"""The site's own pass to one endpoint: signed by it, verified from memory, short-lived."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from accounts.roles import Capability
from serving.models import Prediction
from serving.refusals import unauthenticated

PREFIX = "lepb_"
SALT = "serving.try-it"
SECONDS = 60
Source = Prediction.Source


@dataclass(frozen=True)
class Pass:
    """Who may ask which endpoint; has the fields of an API key that the data plane looks at."""

    tenant_slug: str
    endpoint_slug: str
    asker_id: UUID | None  # of a user, a load test or a drill, as `source` says
    source: str
    key_id = None
    is_practice = False
    scopes = (Capability.PREDICT,)

    @property
    def user_id(self) -> UUID | None:
        return self.asker_id if self.source in (Source.BROWSER, Source.BULK) else None

    @property
    def holder(self) -> str:
        """Whose quota its requests take from: of who asks, or of a tenant's program."""
        return str(self.asker_id or self.tenant_slug)

    @property
    def is_bulk(self) -> bool:
        """Whether it waits for all others."""
        return self.source == Source.BULK


def sign(endpoint, *, user) -> str:
    """Make a pass for a user who may send data to this endpoint (the caller has checked that)."""
    return signer(endpoint, asker_id=user.pk, source=Source.BROWSER)()


def sign_look(endpoint) -> str:
    """Make a pass for the site itself, which looks for somebody who may view this endpoint."""
    return signer(endpoint, asker_id=None, source=Source.BROWSER)()


def sign_bulk(endpoint, *, user_id) -> str:
    """Make a pass for what somebody (None: an API key) sent in bulk."""
    return signer(endpoint, asker_id=user_id, source=Source.BULK)()


def signer(endpoint, *, asker_id, source) -> Callable[[], str]:
    """Return what makes passes for one asker, each good for a minute, without a query."""
    names = [endpoint.tenant.slug, endpoint.slug, asker_id and str(asker_id), str(source)]
    return lambda: PREFIX + signing.dumps(names, salt=SALT)


def read(token: str) -> Pass:
    """Return what a pass says. Raises Refused for a forged or an old one."""
    try:
        tenant, endpoint, asker, source = signing.loads(
            token.removeprefix(PREFIX), salt=SALT, max_age=SECONDS
        )
    except signing.SignatureExpired:
        raise unauthenticated(_("This page's pass has expired: load the page again.")) from None
    except (signing.BadSignature, ValueError):
        raise unauthenticated(_("This is not a valid pass.")) from None
    return Pass(tenant, endpoint, asker and UUID(asker), source)
