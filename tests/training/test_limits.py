"""Bodies that are too large are refused before Django keeps a byte of them."""

import asyncio
import inspect
import json
import re

import pytest
from django.urls import get_resolver
from rest_framework.parsers import MultiPartParser

from engagements import documents
from feedback.receipts import files
from lepton.limits import LimitBodies

UPLOAD = "/api/v1/tenants/acme/datasets/5b9f9a52-7c05-4d4b-a1f0-3c3a2e6a2f11/imports"
REQUEST_BYTES, UPLOAD_BYTES = 20 * 1024**2, 2 * 1024**3
PROMISED = {
    "training:upload": UPLOAD_BYTES,
    "training_api:imports": UPLOAD_BYTES,
    "serving:bulk": UPLOAD_BYTES,
    "serving_api:bulk_predictions": UPLOAD_BYTES,
    "serving:try_it": REQUEST_BYTES,
    "enablement:recording": UPLOAD_BYTES,
    "enablement_api:recording": UPLOAD_BYTES,
    "enablement:upload_file": UPLOAD_BYTES,
    "enablement_root_api:files": UPLOAD_BYTES,
    "engagements:add_document": documents.MOST_BYTES,
    "engagements_api:documents": documents.MOST_BYTES,
    "feedback:tickets": documents.MOST_BYTES,
    "feedback:say": documents.MOST_BYTES,
    "feedback_api:ticket_messages": documents.MOST_BYTES,
    "feedback:file": files.MAX_BYTES,
    "feedback_api:file": files.MAX_BYTES,
}


async def reads_all(scope, receive, send):
    """An application that reads the whole body and answers with its length."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def post(settings):
    settings.LEPTON_MAX_UPLOAD_BYTES = 100 * 1024**2
    settings.LEPTON_MAX_REQUEST_BYTES = 1000

    def run(path, chunks, declared=None):
        sent, taken = [], []
        headers = [] if declared is None else [(b"content-length", str(declared).encode())]

        async def receive():
            taken.append(chunks[len(taken)])
            return {"body": taken[-1], "more_body": len(taken) < len(chunks)}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "path": path, "headers": headers}
        asyncio.run(LimitBodies(reads_all)(scope, receive, send))
        return sent[0]["status"], sent[1]["body"], len(taken)

    return run


def test_a_body_within_its_limit_passes(post):
    assert post("/t/acme/", [b"x" * 600, b"x" * 400]) == (200, b"1000", 2)


def test_a_declared_length_is_refused_before_the_body_is_read(post):
    status, body, chunks_read = post("/t/acme/", [b"x"], declared=1001)
    assert (status, chunks_read) == (413, 0)
    assert json.loads(body)["error"].startswith("The upload is too large")


def test_a_body_without_a_length_is_cut_off_when_it_grows_too_long(post):
    status, _body, chunks_read = post("/t/acme/", [b"x" * 600] * 9)
    assert (status, chunks_read) == (413, 2)


def test_uploads_may_be_larger(post):
    assert post(UPLOAD, [b"x" * 5000])[0] == 200
    assert post(UPLOAD, [b""], declared=50 * 1024**2)[0] == 200
    assert post(UPLOAD, [b""], declared=200 * 1024**2)[0] == 413


def test_every_address_that_takes_a_file_takes_as_much_as_it_promises(post, settings):
    settings.LEPTON_MAX_REQUEST_BYTES = REQUEST_BYTES
    settings.LEPTON_MAX_UPLOAD_BYTES = UPLOAD_BYTES
    takers = dict(_takers(get_resolver()))
    assert set(takers) == set(PROMISED)
    for name, path in takers.items():
        assert post(path, [b""], declared=PROMISED[name])[0] == 200, name


def _takers(resolver, space="", prefix="/"):
    """Name and an example path of every route that takes a file."""
    for entry in resolver.url_patterns:
        path = prefix + re.sub(r"<[^>]+>", "x", str(entry.pattern))
        if hasattr(entry, "url_patterns"):
            yield from _takers(entry, entry.namespace or space, path)
        elif _takes_files(entry.callback):
            yield f"{space}:{entry.name}", path


def _takes_files(view) -> bool:
    if hasattr(view, "cls"):
        return MultiPartParser in view.cls.parser_classes
    view = inspect.unwrap(view)
    helpers = filter(inspect.isfunction, map(view.__globals__.get, view.__code__.co_names))
    return any("request.FILES" in inspect.getsource(part) for part in (view, *helpers))
