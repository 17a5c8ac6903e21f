"""How the data plane says no: a status, words for people, and the headers that go with them."""

import json

from django.utils.translation import gettext as _

from lepton.lib.problems import CONTENT_TYPE, problem


class Refused(Exception):
    """Ends a request: `error` is the sentence people read, `members` go beside it."""

    def __init__(self, status: int, error: str, *, headers=(), **members):
        super().__init__(error)
        self.status, self.error, self.headers, self.members = status, str(error), headers, members

    def document(self) -> bytes:
        """The problem+json body."""
        return json.dumps(problem(self.status, self.error, **self.members)).encode() + b"\n"

    def all_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"content-type", CONTENT_TYPE.encode()), *self.headers]


def unauthenticated(error: str) -> Refused:
    return Refused(401, error, headers=[(b"www-authenticate", b'Bearer realm="lepton"')])


def come_back(error: str, *, seconds: int = 1) -> Refused:
    """503: nothing is wrong with the request, it cannot be answered just now."""
    return Refused(503, error, headers=[(b"retry-after", str(seconds).encode())])


def bad_field(name: str, error: str) -> Refused:
    """422: what one field, parameter or header says makes no sense."""
    return Refused(422, f"{name}: {error}", fields={name: [str(error)]})


def too_large(most: int) -> Refused:
    message = _("The request is larger than the %s bytes that are accepted.")
    return Refused(413, message % most, limit_bytes=most)


def not_answering(place) -> Refused:
    """503: no model answers at this place, for now."""
    if place.wanted.deployment_id is None:
        return come_back(_("No model is deployed to this endpoint yet."), seconds=30)
    return come_back(_("The model is being loaded: try again in a moment."), seconds=2)
