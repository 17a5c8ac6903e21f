"""Problem details (RFC 9457) for every refusal of the API, plus a plain string member `error`."""

import logging
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from lepton.lib.refusals import Conflict

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class _Conflicting(exceptions.APIException):
    status_code = 409

    def __init__(self, conflict):
        super().__init__(conflict.messages)
        self.members = conflict.members


def problem(status: int, error: str, **members) -> dict:
    """Build a problem document: `error` is the sentence for people, `members` go beside it."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error,
        "error": error,
        **members,
    }


def exception_handler(exception, context):
    """DRF's exception handler: the same words as on the pages, as problem+json."""
    exception = _as_api_exception(exception)
    if exception is None:
        return None
    members = _fields_of(exception)
    error = sentence(exception.detail)
    response = Response(
        problem(exception.status_code, error, **members),
        status=exception.status_code,
        content_type=CONTENT_TYPE,
    )
    if wait := getattr(exception, "wait", None):
        response["Retry-After"] = str(int(wait) + 1)
    if header := getattr(exception, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def json_404():
    """The 404 of the API for addresses that do not exist."""
    return json_problem(404, _("There is nothing at this address."))


def json_500():
    return json_problem(500, _("Something went wrong here. It was logged."))


def json_503():
    return json_problem(503, _("This cannot be done right now: try again in a moment."))


def json_problem(status: int, error: str):
    """Return a refusal from outside DRF's views."""
    return JsonResponse(problem(status, error), status=status, content_type=CONTENT_TYPE)


def _as_api_exception(exception):
    if isinstance(exception, exceptions.APIException):
        return exception
    if isinstance(exception, Http404):
        return exceptions.NotFound()
    if isinstance(exception, PermissionDenied):
        return exceptions.PermissionDenied(str(exception) or None)
    if isinstance(exception, Conflict):
        return _Conflicting(exception)
    if isinstance(exception, ValidationError):
        has_fields = hasattr(exception, "error_dict")
        detail = exception.message_dict if has_fields else exception.messages
        return exceptions.ValidationError(detail)
    return None


def _fields_of(exception) -> dict:
    detail = exception.detail
    if isinstance(exception, _Conflicting):
        return exception.members
    if not isinstance(exception, exceptions.ValidationError) or not isinstance(detail, dict):
        return {}
    return {"fields": {name: _messages(value) for name, value in detail.items()}}


def _messages(detail) -> list[str]:
    if isinstance(detail, dict):
        return [f"{key}: {text}" for key, value in detail.items() for text in _messages(value)]
    if isinstance(detail, list):
        return [text for value in detail for text in _messages(value)]
    return [str(detail)]


def sentence(detail) -> str:
    """Put the errors of a serializer, or of an exception, into one line for people."""
    if not isinstance(detail, dict):
        return " ".join(_messages(detail))
    plain = ("__all__", "non_field_errors", "detail")
    return " ".join(
        text if name in plain else f"{name}: {text}"
        for name, value in detail.items()
        for text in _messages(value)
    )
