"""Doors for what only the vendor's people see: to everybody else it might as well not be there."""

from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied

from accounts.access import member_api, member_page
from accounts.scoping import portfolio_scope
from engagements.models import Side
from engagements.privacy import side_of


def vendor_page(view):
    """Open a tenant's page to vendor staff; customers, and staff who view as one, get 404."""

    @member_page()
    @wraps(view)
    def door(request, *args, **kwargs):
        if side_of(request) != Side.VENDOR:
            raise Http404
        return view(request, *args, **kwargs)

    return door


def vendor_api(view):
    """Open a tenant's API operation to vendor staff; customers and keys get 404."""

    @member_api()
    @wraps(view)
    def door(request, *args, **kwargs):
        if side_of(request) != Side.VENDOR:
            raise NotFound
        return view(request, *args, **kwargs)

    return door


def for_managers(view):
    """Let only those write who may set rates and prices; goes below a vendor's door of a page."""

    @wraps(view)
    def door(request, *args, **kwargs):
        if request.method == "POST" and not request.user.is_account_manager:
            raise PermissionDenied(_("Your role does not include this."))
        return view(request, *args, **kwargs)

    return door


def for_managers_api(view):
    """Let only those write who may set rates and prices; goes below a vendor's door of the API."""

    @wraps(view)
    def door(request, *args, **kwargs):
        if request.method != "GET" and not request.user.is_account_manager:
            raise ApiPermissionDenied(_("Your role does not include this."))
        return view(request, *args, **kwargs)

    return door


def portfolio_api(view):
    """Open an API operation over all tenants to vendor staff, in the audited portfolio scope."""

    @staff_api
    @wraps(view)
    def door(request, *args, **kwargs):
        with portfolio_scope(by=request.user):
            return view(request, *args, **kwargs)

    return door


def staff_api(view):
    """Open an API operation above tenants to vendor staff; everybody else gets 404."""

    @wraps(view)
    def door(request, *args, **kwargs):
        if request.auth is not None or not request.user.is_vendor_staff:
            raise NotFound
        return view(request, *args, **kwargs)

    return door
