"""Pages of data: the working set, imports, versions."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from accounts.access import member_page


@require_GET
@member_page()
def import_page(request, engagement, pk):
    """One import."""
    return HttpResponse("")
