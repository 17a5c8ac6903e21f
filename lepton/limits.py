"""Refuses bodies that are too large before a byte of them is kept."""

import json
import re

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from engagements import documents
from lepton.lib.problems import CONTENT_TYPE, problem

FORM_BYTES = 64 * 1024**2  # a splits file and the form around an upload


def _addresses(*patterns):
    return re.compile("|".join(pattern.replace("*", "[^/]+") for pattern in patterns))


UPLOADS = _addresses(
    "/t/*/e/*/data/upload/",
    "/t/*/e/*/endpoint/bulk/",
    "/t/*/e/*/customer-training/sessions/*/recording/",
    "/board/courses/*/files/",
    "/api/v1/tenants/*/datasets/*/imports",
    "/api/v1/tenants/*/endpoints/*/bulk-predictions",
    "/api/v1/tenants/*/sessions/*/recording",
    "/api/v1/courses/*/files",
)
DOCUMENTS = _addresses(
    "/t/*/e/*/plan/documents/",
    "/t/*/e/*/tickets/",
    "/t/*/e/*/tickets/*/say/",
    "/api/v1/tenants/*/engagements/*/documents",
    "/api/v1/tenants/*/tickets/*/messages",
)


class LimitBodies:
    """ASGI middleware: 413 by Content-Length at once, and when a body without one grows too long.

    Uploads may have LEPTON_MAX_UPLOAD_BYTES, documents what they promise, everything else
    LEPTON_MAX_REQUEST_BYTES.
    """

    def __init__(self, application):
        self.application = application

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        limit, slack = _limit_of(scope["path"])
        if _declared(scope) > limit + slack:
            await _refuse(send, limit)
            return
        try:
            await self.application(scope, _counted(receive, limit + slack), send)
        except _TooLong:
            await _refuse(send, limit)


class _TooLong(Exception):
    pass


def _limit_of(path) -> tuple[int, int]:
    if UPLOADS.fullmatch(path):
        return settings.LEPTON_MAX_UPLOAD_BYTES, FORM_BYTES
    if DOCUMENTS.fullmatch(path):
        return documents.MOST_BYTES, FORM_BYTES
    return settings.LEPTON_MAX_REQUEST_BYTES, 0


def _declared(scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _counted(receive, limit):
    received = 0

    async def counting():
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _TooLong
        return message

    return counting


async def _refuse(send, limit):
    words = _("The upload is too large: at most %(limit)s are taken at once.")
    body = json.dumps(problem(413, words % {"limit": filesizeformat(limit)})).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
