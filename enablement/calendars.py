"""Sessions as calendar files (RFC 5545), which every calendar program takes."""

from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText

from engagements import pages


def as_ics(session) -> bytes:
    """Return a session in its own time zone; a later file of it replaces an earlier one."""
    calendar = Calendar()
    calendar.add("prodid", "-//Lepton//Customer training//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if session.cancelled_at else "PUBLISH")
    calendar.add_component(_event(session))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _event(session) -> Event:
    zone, event = ZoneInfo(session.time_zone), Event()
    event.add("uid", f"{session.pk}@lepton")
    event.add("sequence", session.sequence)
    event.add("dtstamp", session.created_at)
    event.add("dtstart", session.starts_at.astimezone(zone))
    event.add("dtend", session.ends_at.astimezone(zone))
    event.add("summary", session.title)
    event.add("status", "CANCELLED" if session.cancelled_at else "CONFIRMED")
    event.add("url", f"{settings.LEPTON_PUBLIC_URL}{_page(session)}")
    if session.place:
        event.add("location", session.place)
    for one in session.attendances.select_related("user").order_by("user__email"):
        attendee = vCalAddress(f"MAILTO:{one.user.email}")
        attendee.params["cn"] = vText(str(one.user))
        event.add("attendee", attendee, encode=0)
    return event


def _page(session):
    return pages.url("enablement:sessions", session.engagement)
