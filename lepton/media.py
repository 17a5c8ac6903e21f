"""Serves stored files by signed addresses; what may be opened is decided where they are made."""

import mimetypes
import re
import time

from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import public
from lepton.lib import media, storage
from lepton.lib.streaming import body_for

AT_ONCE_BYTES = 4 * 1024**2  # held in memory; of a film a browser asks for the next part itself
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@public
@require_safe
def serve(request, signature):
    """Answer a stored file, or the range of it that is asked for, to who has a fresh address."""
    try:
        key, save_as, until = media.file_of(signature) or (None, "", 0)
    except media.Expired:
        words = _("This address has expired. Reload the page it came from.")
        return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
    try:
        response = _answer(request, key) if key else None
    except FileNotFoundError:
        response = None
    if response is None:
        raise Http404(_("There is no such file."))
    if save_as:
        response["Content-Disposition"] = content_disposition_header(True, save_as)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = f"private, max-age={max(0, until - int(time.time()))}, immutable"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(request, key):
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    size = default_storage.size(key)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked and any(asked.groups()):
        return _part(key, size, kind, *asked.groups())
    if size <= AT_ONCE_BYTES:
        return HttpResponse(storage.get(key), content_type=kind)
    response = StreamingHttpResponse(body_for(request, _pieces(key)), content_type=kind)
    response["Content-Length"] = size
    return response


def _part(key, size, kind, first, last):
    """The asked range, or the beginning of it where it is long: RFC 9110, 14.2 and 15.3.7."""
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        refused = HttpResponse(status=416, content_type=kind)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    end = min(end, start + AT_ONCE_BYTES - 1)
    with storage.reading(key) as file:
        file.seek(start)
        data = file.read(end - start + 1)
    response = HttpResponse(data, status=206, content_type=kind)
    response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _pieces(key):
    with storage.reading(key) as file:
        while piece := file.read(storage.CHUNK_BYTES):
            yield piece
