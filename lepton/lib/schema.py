"""Words for the OpenAPI document: what an operation answers, its refusals included.

@extend_schema(operation_id="run_start", tags=["Runs"], request=StartRun,
               responses=responses({201: RunSerializer}, 400, 403, 404, 409))
@listed("run", RunSerializer, tags=["Runs"])
"""

from functools import cache
from http import HTTPStatus

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from lepton.lib.problems import CONTENT_TYPE

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` or `previous`."),
    OpenApiParameter(
        "limit", OpenApiTypes.INT, description="Rows a page, 1 to 500; 50 if not given."
    ),
]


class ProblemSerializer(serializers.Serializer):
    """A refusal (RFC 9457), with the same sentence in `detail` and `error`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    error = serializers.CharField()
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="The refused fields of the request, each with its reasons.",
    )


def responses(ok, *refusals: int) -> dict:
    """Return the `responses` of an operation.

    `ok` is a serializer answered with 200, None for 204, or {status: serializer or None};
    `refusals` are the statuses answered as problem+json, besides those which everything can answer:
    401, and 503 while the site is too busy or its database away.
    """
    answers = ok if isinstance(ok, dict) else {200 if ok is not None else 204: ok}
    return answers | {
        (status, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, HTTPStatus(status).phrase)
        for status in sorted({401, 503, *refusals})
    }


@cache
def page_of(serializer_class) -> type[serializers.Serializer]:
    """Return the serializer of one page of a list, as `paged()` answers it."""
    name = serializer_class.__name__.removesuffix("Serializer")
    members = {
        "__doc__": f"One page of {name}.",
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": serializer_class(many=True),
    }
    return type(f"{name}PageSerializer", (serializers.Serializer,), members)


def listed(noun: str, serializer_class, *, tags: list[str], refusals=(403, 404)):
    """Describe the GET of an operation that answers a page of `noun`s, as `<noun>_list`."""
    return extend_schema(
        methods=["GET"],
        operation_id=f"{noun}_list",
        tags=tags,
        parameters=PAGE_PARAMETERS,
        responses=responses(page_of(serializer_class), *refusals),
    )
