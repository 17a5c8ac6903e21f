"""What an unknown address or a fault answers: a page for people, a problem document for clients."""

from django.http import Http404
from django.views import defaults

from lepton.lib import problems


def not_found(request, exception):
    if request.path.startswith("/api/"):
        return problems.json_404()
    return defaults.page_not_found(request, exception)


def server_error(request):
    if request.path.startswith("/api/"):
        return problems.json_500()
    return defaults.server_error(request)


def closed(request):
    """An address that a package brings and Lepton does not offer."""
    raise Http404
