"""Cursor paging with a `Link` header: stable while rows are being added."""

from django.core.exceptions import ValidationError
from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class NewestFirst(CursorPagination):
    """Pages of 50, newest first; `?limit=` up to 500; `next` and `previous` are addresses."""

    ordering = "-created_at"
    page_size_query_param = "limit"
    max_page_size = 500

    def get_paginated_response(self, data):
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        header = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        body = {"next": links["next"], "previous": links["prev"], "results": data}
        return Response(body, headers={"Link": header} if header else None)


def paged(request, queryset, serializer_class, *, ordering="-created_at", **context):
    """Answer one page of a queryset through a serializer."""
    pager = NewestFirst()
    pager.ordering = ordering
    page = pager.paginate_queryset(queryset, request)
    data = serializer_class(page, many=True, context={"request": request, **context}).data
    return pager.get_paginated_response(data)


def rows_and_pager(request, queryset, *, ordering, size=50):
    """Return one page of a queryset for a web page: its rows, and `pager` for `_pager.html`."""
    pager = NewestFirst()
    pager.ordering, pager.page_size = ordering, size
    try:
        rows = pager.paginate_queryset(queryset, Request(request))
    except (NotFound, ValidationError):  # a cursor nobody gave out
        raise Http404 from None
    links = {"newer_url": pager.get_previous_link(), "older_url": pager.get_next_link()}
    return rows, links
