"""ETag, If-None-Match and If-Match of the API (RFC 9110, section 13): nobody overwrites unseen.

What a GET answers has an ETag. A change that names it in If-Match is made only while a GET would
still answer the same; those that name one wait for each other, address by address.
"""

import copy
import hashlib
from inspect import iscoroutinefunction

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction
from django.utils.cache import get_conditional_response
from django.utils.decorators import sync_and_async_middleware
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _

from lepton.lib.problems import json_problem

API = "/api/v1/"
CHANGES = ("PUT", "PATCH", "DELETE")
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('if-match ' || %s, 0))"


@sync_and_async_middleware
def conditional(get_response):
    """The middleware: only the API's answers are compared, pages never."""
    if not iscoroutinefunction(get_response):

        def answer(request):
            if _wants_no_surprise(request):
                return _if_unchanged(request, get_response)
            return _tagged(request, get_response(request))

        return answer

    async def answer_async(request):
        if _wants_no_surprise(request):
            return await sync_to_async(_if_unchanged)(request, async_to_sync(get_response))
        return _tagged(request, await get_response(request))

    return answer_async


def _wants_no_surprise(request) -> bool:
    is_change = request.method in CHANGES and request.path.startswith(API)
    return is_change and "If-Match" in request.headers


def _tagged(request, response):
    """The response with its ETag, or 304 if that is what the client has already."""
    can_have_one = response.status_code == 200 and not response.streaming
    if not can_have_one or request.method != "GET" or not request.path.startswith(API):
        return response
    response.headers["ETag"] = _tag(response)
    return get_conditional_response(request, etag=response.headers["ETag"], response=response)


def _if_unchanged(request, get_response):
    wanted = parse_etags(request.headers["If-Match"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, [request.path])
        current = get_response(_as_get(request))
        if current.status_code not in (200, 405):
            return current  # not let in, or not there
        if current.status_code == 200 and (wanted == ["*"] or _tag(current) in wanted):
            return get_response(request)
    return json_problem(412, _("It has changed since you read it: read it again, then change it."))


def _as_get(request):
    """The same question by the same person, only reading."""
    reading = copy.copy(request)
    reading.method, reading.META = "GET", request.META | {"REQUEST_METHOD": "GET"}
    return reading


def _tag(response) -> str:
    return quote_etag(hashlib.sha256(response.content).hexdigest()[:32])


def describe(result, generator, request, public):
    """drf-spectacular's hook: say in the document what the middleware adds to each operation."""
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for methods in result["paths"].values():
        if "get" in methods:
            _add(methods["get"], "If-None-Match", "304", {"description": "Not Modified"})
        refusal = {
            "description": "Precondition Failed",
            "content": {"application/problem+json": problem},
        }
        for method in {"put", "patch", "delete"} & set(methods):
            _add(methods[method], "If-Match", "412", refusal)
    return result


def _add(operation, header, status, answer):
    words = "An `ETag` that a GET of this address answered."
    parameter = {"in": "header", "name": header, "schema": {"type": "string"}, "description": words}
    operation.setdefault("parameters", []).append(parameter)
    operation["responses"][status] = answer
