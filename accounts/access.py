"""Doors: the only way from a request to a tenant's rows.

A stranger gets 404, a member whose role does not include it 403. Vendor staff who view a tenant
as its customer go through the doors as an owner would, but can only look.
"""

from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied

from accounts import customer_view, system
from accounts.roles import Capability, may
from accounts.scoping import portfolio_scope, tenant_scope


def member_page(capability=Capability.VIEW, *, scoped=True, as_customer=True):
    """Open a page to members (and vendor staff) whose role includes `capability`.

    The view gets `request.tenant` and `request.role` and runs inside the tenant's scope;
    with scoped=False it opens scopes itself, since it waits for storage or another process.
    With as_customer=False a customer view makes no difference to this page.
    """

    def decorate(view):
        @wraps(view)
        def door(request, tenant, *args, **kwargs):
            facts, role = _tenant_and_role(request.user, tenant)
            if facts is None:
                raise Http404
            if as_customer and (seen_as := customer_view.role_in(request, facts)):
                request.views_as_customer, role = True, seen_as
            request.tenant, request.role = facts, role
            if customer_view.only_looks(request):
                raise PermissionDenied(customer_view.LOOKING)
            if not may(role, capability):
                raise PermissionDenied(_("Your role does not include this."))
            return _run(view, request, facts, scoped, args, kwargs)

        return door

    return decorate


def member_api(capability=Capability.VIEW, *, scoped=True, practice=False, **by_method):
    """Open an API operation to members, vendor staff and API keys holding `capability`.

    `by_method` names another capability for a method, as in `POST=Capability.DATA`. Keys for
    practice are refused unless the operation says practice=True, and so knows of them.
    Goes below @api_view; sets `request.tenant` and `request.actor` (a User or KeyFacts).
    """

    def decorate(view):
        @wraps(view)
        def door(request, tenant, *args, **kwargs):
            needed = by_method.get(request.method, capability)
            facts, allowed = _tenant_and_right(request, tenant, needed)
            if facts is None:
                raise NotFound(_("No such tenant."))
            if customer_view.only_looks(request):
                raise ApiPermissionDenied(customer_view.LOOKING)
            if request.auth and request.auth.is_practice and not practice:
                raise ApiPermissionDenied(_("A practice key is for practising alone."))
            if not allowed:
                raise ApiPermissionDenied(_("This needs the scope or role for: %s.") % needed.value)
            request.tenant = request._request.tenant = facts
            request.actor = request.auth or request.user
            return _run(view, request, facts, scoped, args, kwargs)

        return door

    return decorate


def staff_in_tenant(view):
    """Open a tenant's page to vendor staff as themselves, whatever they view as."""

    @member_page(as_customer=False)
    @wraps(view)
    def door(request, *args, **kwargs):
        if not request.user.is_vendor_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return door


def staff_page(view):
    """Open a page to vendor staff only, inside the audited portfolio scope."""

    @wraps(view)
    def door(request, *args, **kwargs):
        if not request.user.is_vendor_staff:
            raise Http404
        with portfolio_scope(by=request.user):
            return view(request, *args, **kwargs)

    return door


def vendor_desk(view):
    """Open a page of the vendor's own rows to its staff; no tenant's rows can be read there."""

    @wraps(view)
    def door(request, *args, **kwargs):
        if not request.user.is_vendor_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return door


public = login_not_required


def _run(view, request, tenant, scoped, args, kwargs):
    if not scoped:
        return view(request, *args, **kwargs)
    with tenant_scope(tenant):
        return view(request, *args, **kwargs)


def _tenant_and_role(user, slug):
    """The tenant and the role the user acts in there; (None, None) for strangers."""
    facts = system.tenant_for(user, slug)
    role = facts and (facts.role or (user.staff_role if user.is_vendor_staff else None))
    return (facts, role) if role else (None, None)


def _tenant_and_right(request, slug, capability):
    key = request.auth
    if key is None:
        facts, role = _tenant_and_role(request.user, slug)
        if facts and (seen_as := customer_view.role_in(request, facts)):
            request._request.views_as_customer, role = True, seen_as
        return facts, bool(facts) and may(role, capability)
    if key.tenant_slug != slug:
        return None, False
    return system.TenantFacts(key.tenant_id, slug, slug, None), capability in key.scopes


def holds(request, capability) -> bool:
    """Say whether who asks through one of these doors holds a further capability there."""
    if (role := getattr(request, "role", None)) is not None:
        return may(role, capability)
    return _tenant_and_right(request, request.tenant.slug, capability)[1]


def tenant_of(user, slug):
    """The tenant with this slug if the user may enter it, else None."""
    return _tenant_and_role(user, slug)[0]
