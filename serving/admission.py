"""Who asks, and the endpoint if they may know of it; decided from memory."""

from django.utils.translation import gettext as _

from accounts.roles import Capability
from serving import tokens
from serving.keyring import Keyring
from serving.loader import Loader, Place
from serving.refusals import Refused, bad_field, come_back, unauthenticated
from serving.routes import Route

DEADLINE_SECONDS, DEADLINE_AT_MOST = 30.0, 120.0
# How much of the queue each may take: people at a page, programs, and what can wait.
SHARES = {b"page": 1.0, b"normal": 0.9, b"bulk": 0.5}


async def admit(keyring: Keyring, loader: Loader, headers: dict, route: Route):
    """Return the caller and the place. Raises Refused: 401, 403, 404, 503."""
    key = presented_key(headers)
    if key.startswith(tokens.PREFIX):
        caller = tokens.read(key)
        if caller.endpoint_slug != route.endpoint:
            raise _no_such_endpoint()
    else:
        caller = await keyring.check(key)
    if caller.tenant_slug != route.tenant:
        raise _no_such_endpoint()
    allowed = {Capability.PREDICT} if route.asks else {Capability.PREDICT, Capability.VIEW}
    if allowed.isdisjoint(caller.scopes):
        raise Refused(403, _("This key lacks the scope “predict”."))
    return caller, _place(loader, route)


def _place(loader: Loader, route: Route) -> Place:
    place = loader.table.get((route.tenant, route.endpoint))
    if place is None:
        if not loader.ready.is_set():
            raise come_back(_("The models are being loaded."))
        raise _no_such_endpoint()
    return place


def presented_key(headers: dict[bytes, bytes]) -> str:
    """The Authorization header's bearer first, then X-API-Key. Raises Refused for neither."""
    scheme, _space, value = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not value.strip():
        value = headers.get(b"x-api-key", b"")
    if not value.strip():
        raise unauthenticated(_("Send your API key: Authorization: Bearer lep_…"))
    return value.strip().decode("latin-1")


def deadline(headers: dict[bytes, bytes]) -> float:
    """The seconds a request may take, from its head on. Raises Refused (422)."""
    text = headers.get(b"x-request-timeout")
    if text is None:
        return DEADLINE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= DEADLINE_AT_MOST:
        limit = DEADLINE_AT_MOST
        raise bad_field("X-Request-Timeout", _("must be seconds from 0 to %d.") % limit)
    return seconds


def share_of_queue(headers: dict[bytes, bytes], caller) -> float:
    """The share of the queue that a request may take up to. Raises Refused (422)."""
    if isinstance(caller, tokens.Pass):
        return SHARES[b"page"]
    priority = headers.get(b"x-request-priority", b"normal").strip().lower()
    if priority not in (b"normal", b"bulk"):
        raise bad_field("X-Request-Priority", _("must be normal or bulk."))
    return SHARES[priority]


def _no_such_endpoint() -> Refused:
    return Refused(404, _("There is no such endpoint."))
