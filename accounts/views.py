"""Pages of a tenant's members, API keys and audit entries."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import forms, invitations, pages, services
from accounts.access import member_page
from accounts.models import ApiKey, AuditEntry, Membership
from accounts.roles import Capability
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def members(request):
    """Who belongs to the tenant, in which role."""
    return _members(request)


@never_cache
@require_POST
@member_page(Capability.MANAGE)
def add_member(request):
    """Invite a person; answers the list with what became of the invitation."""
    form = forms.MemberForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            invitation = invitations.invite(**form.cleaned_data, by=request.user)
            return _members(request, invitation=invitation)
    return _members(request, form=form, status=422)


@never_cache
@require_POST
@member_page(Capability.MANAGE)
def invite_again(request, member):
    """Send another link to somebody who has not chosen a password yet."""
    with refusals_told(request):
        invitation = invitations.invite_again(_membership(member), by=request.user)
        return _members(request, invitation=invitation)
    return redirect("accounts:members", request.tenant.slug)


@require_POST
@member_page(Capability.MANAGE)
def change_role(request, member):
    """Give a member another role."""
    form, membership = forms.RoleForm(request.POST), _membership(member)
    if form.is_valid():
        with refusals_told(request):
            services.change_role(membership, role=form.cleaned_data["role"], by=request.user)
            messages.success(request, _("%s has another role now.") % membership.user)
    return redirect("accounts:members", request.tenant.slug)


@require_POST
@member_page(Capability.MANAGE)
def remove_member(request, member):
    """End a membership."""
    membership = _membership(member)
    with refusals_told(request):
        services.remove_member(membership, by=request.user)
        messages.success(request, _("%s is no longer a member.") % membership.user)
    return redirect("accounts:members", request.tenant.slug)


@require_GET
@member_page()
def keys(request):
    """The tenant's API keys."""
    return _keys(request)


@never_cache
@require_POST
@member_page(Capability.MANAGE)
def create_key(request):
    """Make a key and show it, this once."""
    form = forms.KeyForm(request.POST, role=request.role)
    if form.is_valid():
        with refusals_in(form):
            row, secret = services.create_key(
                form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at,
                by=request.user,
            )
            return _keys(request, made=row, secret=secret)
    return _keys(request, form=form, status=422)


@never_cache
@require_POST
@member_page(Capability.MANAGE)
def rotate_key(request, key):
    """Replace a key by a new one; both work for a while."""
    form, old = forms.RotateForm(request.POST), get_object_or_404(ApiKey, pk=key)
    if form.is_valid():
        with refusals_told(request):
            row, secret = services.rotate_key(old, until=form.until, by=request.user)
            return _keys(request, made=row, secret=secret)
    return redirect("accounts:keys", request.tenant.slug)


@require_POST
@member_page(Capability.MANAGE)
def revoke_key(request, key):
    """Refuse a key from now on."""
    key = get_object_or_404(ApiKey, pk=key)
    services.revoke_key(key, by=request.user)
    messages.success(request, _("The key “%s” is refused from now on.") % key)
    return redirect("accounts:keys", request.tenant.slug)


@require_GET
@member_page()
def audit(request):
    """Who did what, newest first."""
    form = forms.AuditFilter(request.GET, verbs=AuditEntry.objects.verbs())
    found = AuditEntry.objects.matching(**form.narrowed)
    rows, pager = rows_and_pager(request, found, ordering="-at")
    context = pages.trail(request, _("Audit"))
    context |= {"entries": rows, "pager": pager, "form": form}
    template = "accounts/_audit.html" if request.htmx else "accounts/audit.html"
    return render(request, template, context)


def _membership(pk):
    return get_object_or_404(Membership.objects.by_name(), pk=pk)


def _members(request, *, form=None, invitation=None, status=200):
    context = pages.trail(request, _("Members")) | {
        "memberships": Membership.objects.by_name(),
        "form": form or forms.MemberForm(),
        "role_form": forms.RoleForm(auto_id=False),
        "invitation": invitation,
    }
    template = "accounts/_members.html" if request.htmx else "accounts/members.html"
    return render(request, template, context, status=status)


def _keys(request, *, form=None, made=None, secret="", status=200):
    context = pages.trail(request, _("API keys")) | {
        "keys": ApiKey.objects.newest_first(),
        "form": form or forms.KeyForm(role=request.role),
        "rotate_form": forms.RotateForm(auto_id=False),
        "made": made,
        "secret": secret,
    }
    template = "accounts/_keys.html" if request.htmx else "accounts/keys.html"
    return render(request, template, context, status=status)
