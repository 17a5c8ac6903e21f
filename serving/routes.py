"""What lies under an endpoint's address: who asks where is answered in which dialect."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from serving.loader import Place
from serving.protocols import huggingface, native, oip
from serving.refusals import Refused, not_answering

PREFIX = "/v1/endpoints/"
MODELS = "v2/models/"
PULSE = "pulse"  # answered by the data plane itself, of which it speaks
# A GET is a function that shows something of the place; a POST is a dialect to ask in.
ADDRESSES = {
    "": {"GET": native.describe, "POST": huggingface},
    "predict": {"POST": native},
    "pulse": {"GET": PULSE},
    "v2": {"GET": oip.server},
    "v2/health/live": {"GET": oip.live},
    "v2/health/ready": {"GET": oip.ready},
}
OF_A_MODEL = {"": {"GET": oip.describe}, "ready": {"GET": oip.ready}, "infer": {"POST": oip}}


class Route(NamedTuple):
    """An address, understood."""

    tenant: str
    endpoint: str
    asks: bool  # it is a prediction
    what: object
    address: str  # below the endpoint
    model: str = ""
    version: str = ""


def find(method: str, path: str) -> Route:
    """Understand an address under PREFIX. Raises Refused: 404, 405."""
    tenant, _slash, rest = path[len(PREFIX) :].partition("/")
    endpoint, _slash, rest = rest.partition("/")
    address = rest = rest.removesuffix("/")
    addresses, model, version = ADDRESSES, "", ""
    if rest.startswith(MODELS):
        model, version, rest = _model(rest[len(MODELS) :])
        addresses = OF_A_MODEL
    answers = addresses.get(rest)
    if answers is None:
        raise nothing_here()
    allow(method, *answers)
    asks = method == "POST"
    return Route(tenant, endpoint, asks, answers[method], address, model, version)


def _model(rest: str) -> tuple[str, str, str]:
    """`name/versions/2/infer` in three parts: name, version, what is asked of it."""
    model, *parts = rest.split("/")
    version = ""
    if len(parts) > 1 and parts[0] == "versions":
        version, parts = parts[1], parts[2:]
    return model, version, "/".join(parts)


def require_model(route: Route, place: Place) -> None:
    """Raise Refused (404, 503) unless the model and version of the address answer here."""
    if not route.model:
        return
    slug = place.wanted.endpoint_slug
    if route.model != slug:
        message = _("There is no such model here: the endpoint's model is called “%s”.")
        raise Refused(404, message % slug)
    if not route.version:
        return
    if place.model is None:
        raise not_answering(place)
    if route.version != str(place.model.version_number):
        message = _("This version does not answer here: version %s does.")
        raise Refused(404, message % place.model.version_number)


def nothing_here() -> Refused:
    return Refused(404, _("There is nothing at this address."))


def allow(method: str, *allowed: str) -> None:
    """Raise Refused (405) for any other method."""
    if method not in allowed:
        message = _("%(method)s is not answered here; %(allowed)s is.")
        error = message % {"method": method, "allowed": ", ".join(allowed)}
        raise Refused(405, error, headers=[(b"allow", ", ".join(allowed).encode())])
