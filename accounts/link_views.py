"""Where links in mails lead: a page with one button, which alone uses the link up."""

from urllib.parse import urlencode

from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import links
from accounts.access import public
from accounts.scoping import tenant_scope

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request, token):
    """Say whom a link lets in where; on the button's word, let them in."""
    tenant_id = links.tenant_of(token)
    if tenant_id is None:
        return _dead(request, _("This link is not known here: was it copied whole?"), status=404)
    try:
        with tenant_scope(tenant_id):
            link = links.find(token)
            if request.method != "POST":
                return _offer(request, link)
            let_in = links.use(link)
    except ValidationError as refusal:
        return _dead(request, " ".join(refusal.messages), status=410)
    return _enter(request, link, let_in)


def _offer(request, link):
    links.refuse_unless_open(link)
    context = {"link": link, "purpose": links.Purpose(link.purpose).label}
    return render(request, "accounts/link.html", context)


def _enter(request, link, let_in):
    if let_in:
        login(request, link.user, backend=BACKEND)
    if request.user == link.user:
        return redirect(link.path)
    return redirect(f"{reverse('account_login')}?{urlencode({'next': link.path})}")


def _dead(request, words, *, status):
    return render(request, "accounts/link_dead.html", {"words": words}, status=status)
