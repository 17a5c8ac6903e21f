"""Pages of sessions."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from enablement import calendars, forms, pages
from enablement import sessions as services
from enablement.models import Session
from engagements.pages import engagement_of
from lepton.lib import media
from lepton.lib.refusals import refusals_in, refusals_told

ENGAGE = Capability.ENGAGE
FILM_SECONDS = 6 * 3600


@require_GET
@member_page()
def sessions(request, engagement):
    """The sessions of the engagement, the newest first."""
    return _page(request, engagement_of(engagement))


@require_POST
@member_page(ENGAGE)
def book(request, engagement):
    """Book a session and invite people."""
    engagement = engagement_of(engagement)
    form = forms.SessionForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            services.book(engagement, **form.answers, by=request.user)
            messages.success(request, _("It is booked, and whom you invited has a mail."))
            return _back(engagement)
    return _page(request, engagement, form, status=422)


@member_page(ENGAGE)
def change(request, engagement, session):
    """Move a session, or change what is said of it."""
    found = _found(engagement, session)
    form = forms.SessionChangeForm(request.POST or None, initial=forms.session_as_initial(found))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            services.change(found, **form.answers, by=request.user)
            return _back(found.engagement)
    context = pages.frame(found.engagement, "enablement:sessions", found.title)
    status = 422 if form.errors else 200
    context |= {"session": found, "form": form}
    return render(request, "enablement/session_change.html", context, status=status)


@require_POST
@member_page(ENGAGE)
def call_off(request, engagement, session):
    """Call a session off."""
    found = _found(engagement, session)
    with refusals_told(request):
        services.call_off(found, by=request.user)
    return _back(found.engagement)


@require_POST
@member_page(ENGAGE)
def attendance(request, engagement, session):
    """Note who was there."""
    found = _found(engagement, session)
    form = forms.AttendanceForm(request.POST, session=found)
    if form.is_valid():
        with refusals_told(request):
            services.note_attendance(found, **form.cleaned_data, by=request.user)
    return _back(found.engagement)


@require_POST
@member_page()
def rate(request, engagement, session):
    """Say how good a session was."""
    found, form = _found(engagement, session), forms.SessionRatingForm(request.POST)
    if form.is_valid():
        with refusals_told(request):
            services.rate(found, **form.cleaned_data, by=request.user)
    else:
        messages.error(request, _("Choose a number from 1 to 5."))
    return _back(found.engagement)


@require_GET
@member_page()
def ics(request, engagement, session):
    """A session for one's calendar."""
    data = calendars.as_ics(_found(engagement, session))
    headers = {"Content-Disposition": 'attachment; filename="session.ics"'}
    return HttpResponse(data, content_type="text/calendar; charset=utf-8", headers=headers)


def recording(request, **address):
    """A session's recording, to be seen or to be attached."""
    return (_attach if request.method == "POST" else _see)(request, **address)


@require_GET
@member_page()
def _see(request, engagement, session):
    found = get_object_or_404(_of(engagement).exclude(recording_key=""), pk=session)
    return redirect(media.signed_url(found.recording_key, seconds=FILM_SECONDS))


@member_page(ENGAGE, scoped=False)
def _attach(request, engagement, session):
    with tenant_scope(request.tenant):
        found = _found(engagement, session)
    form = forms.RecordingForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_told(request):
            file, tenant_id = form.cleaned_data["recording"], request.tenant.pk
            name, key = services.store_recording(file, tenant_id=tenant_id)
            with tenant_scope(request.tenant):
                services.attach_recording(found, name=name, key=key, by=request.user)
    else:
        messages.error(request, _("Choose a recording."))
    return redirect("enablement:sessions", request.tenant.slug, engagement)


def _of(engagement):
    return Session.objects.filter(engagement=engagement_of(engagement))


def _found(engagement, session):
    return get_object_or_404(_of(engagement).select_related("engagement__tenant"), pk=session)


def _back(engagement):
    return redirect("enablement:sessions", engagement.tenant.slug, engagement.pk)


def _page(request, engagement, form=None, status=200):
    rows = engagement.sessions.newest_first().prefetch_related("attendances__user")
    context = pages.frame(engagement, "enablement:sessions", _("Sessions"))
    context |= {"sessions": rows, "form": form or forms.SessionForm()}
    context |= {"rating_form": forms.SessionRatingForm(auto_id=False)}
    return render(request, "enablement/sessions.html", context, status=status)
