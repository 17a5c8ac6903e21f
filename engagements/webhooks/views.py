"""Pages of a tenant's webhooks and of the log of their deliveries."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.pages import trail
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements.models import Webhook
from engagements.webhooks import pages, services
from engagements.webhooks.forms import RotateSecretForm, WebhookForm
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def webhooks(request):
    """The tenant's webhooks."""
    return _list(request, WebhookForm())


@never_cache
@require_POST
@member_page(Capability.MANAGE, scoped=False)
def create_webhook(request):
    """Make a webhook and show its secret, this once."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            made = services.create_webhook(request.tenant, **form.cleaned_data, by=request.user)
            with tenant_scope(request.tenant):
                return _detail(request, made, secret=made.secret)
    with tenant_scope(request.tenant):
        return _list(request, form, status=422)


@require_GET
@member_page()
def webhook(request, webhook):
    """One webhook with what was sent to it, or that log alone for a page that is watching."""
    return _detail(request, _kept(webhook))


@require_POST
@member_page(Capability.MANAGE, scoped=False)
def change_webhook(request, webhook):
    """Change the address or the events."""
    with tenant_scope(request.tenant):
        found = _kept(webhook)
    form = WebhookForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            services.change_webhook(request.tenant, found.pk, **form.cleaned_data, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("engagements:webhook", request.tenant.slug, found.pk)
    with tenant_scope(request.tenant):
        return _detail(request, found, form=form, status=422)


@require_POST
@member_page(Capability.MANAGE)
def pause_webhook(request, webhook):
    """Tell it nothing until it is resumed."""
    return _done(request, webhook, services.pause_webhook, _("It is told nothing until resumed."))


@require_POST
@member_page(Capability.MANAGE)
def resume_webhook(request, webhook):
    """Tell it of what happens from now on."""
    return _done(request, webhook, services.resume_webhook, _("It is told of events again."))


@require_POST
@member_page(Capability.MANAGE)
def send_test(request, webhook):
    """Send an event that says nothing happened."""
    return _done(request, webhook, services.send_test, _("A test event is on its way."))


@require_POST
@member_page(Capability.MANAGE)
def remove_webhook(request, webhook):
    """Tell it nothing any more."""
    with refusals_told(request):
        services.remove_webhook(_kept(webhook), by=request.user)
        messages.success(request, _("The webhook is removed."))
    return redirect("engagements:webhooks", request.tenant.slug)


@never_cache
@require_POST
@member_page(Capability.MANAGE)
def rotate_webhook(request, webhook):
    """Sign with a new secret and show it, this once."""
    found, form = _kept(webhook), RotateSecretForm(request.POST)
    if not form.is_valid():
        return _detail(request, found, status=422)
    with refusals_told(request):
        secret = services.rotate_secret(found, until=form.until, by=request.user)
        found.refresh_from_db()
        return _detail(request, found, secret=secret)
    return redirect("engagements:webhooks", request.tenant.slug)


@require_POST
@member_page(Capability.MANAGE)
def replay(request, webhook, delivery):
    """Send a delivery again, under the id it had."""
    found = _kept(webhook)
    delivery = get_object_or_404(found.deliveries, pk=delivery)
    with refusals_told(request):
        services.replay(delivery, by=request.user)
        messages.success(request, _("It is sent again, under the same id."))
    return redirect("engagements:webhook", request.tenant.slug, found.pk)


def _kept(pk):
    return get_object_or_404(Webhook.objects.kept(), pk=pk)


def _done(request, pk, service, words):
    found = _kept(pk)
    with refusals_told(request):
        service(found, by=request.user)
        messages.success(request, words)
    return redirect("engagements:webhook", request.tenant.slug, found.pk)


def _list(request, form, *, status=200):
    context = trail(request, _("Webhooks"))
    context |= {"webhooks": Webhook.objects.kept(), "form": form}
    return render(request, "engagements/webhooks.html", context, status=status)


def _detail(request, webhook, *, form=None, secret="", status=200):
    context = pages.detail(request, webhook)
    context |= {"form": form or WebhookForm.of(webhook), "secret": secret}
    context["rotate_form"] = RotateSecretForm(auto_id="rotate_%s")
    fragment = request.htmx and request.method == "GET"
    template = "engagements/_deliveries.html" if fragment else "engagements/webhook.html"
    return render(request, template, context, status=status)
