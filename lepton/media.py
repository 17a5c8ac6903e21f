"""Serves stored files by signed addresses; what may be opened is decided where they are made."""

import mimetypes

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import public
from lepton.lib import media, storage


@public
@require_safe
def serve(request, signature):
    """Answer a stored file to whoever has a fresh address of it."""
    try:
        key, save_as = media.file_of(signature) or (None, "")
    except media.Expired:
        words = _("This address has expired. Reload the page it came from.")
        return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
    try:
        data = storage.get(key) if key else None
    except FileNotFoundError:
        data = None
    if data is None:
        raise Http404(_("There is no such file."))
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    response = HttpResponse(data, content_type=kind)
    if save_as:
        response["Content-Disposition"] = content_disposition_header(True, save_as)
    response["Cache-Control"] = f"private, max-age={media.VALID_SECONDS}, immutable"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
