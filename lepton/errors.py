"""What an unknown address or a fault answers: a page for people, a problem document for clients."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from django.template import loader
from django.views import defaults

from lepton.lib import problems

AGAIN_SECONDS = 5


def not_found(request, exception):
    if request.path.startswith("/api/"):
        return problems.json_404()
    return defaults.page_not_found(request, exception)


def server_error(request):
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request.path)  # the database is away, or could not do it in time
    if request.path.startswith("/api/"):
        return problems.json_500()
    return defaults.server_error(request)


def unavailable(path):
    """What could not be done now and may well be done soon."""
    if path.startswith("/api/"):
        response = problems.json_503()
    else:
        response = HttpResponse(loader.render_to_string("503.html"), status=503)
    response["Retry-After"] = str(AGAIN_SECONDS)
    return response


def closed(request):
    """An address that a package brings and Lepton does not offer."""
    raise Http404
