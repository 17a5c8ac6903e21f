"""Sessions: booked in a time zone, put into calendars, held, rated, recorded."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from icalendar import Calendar

from accounts.scoping import tenant_scope
from enablement.models import Session
from tests import factories

DAY = timezone.now().date() + timedelta(days=30)
FORM = {
    "title": "Hands-on",
    "day": DAY.isoformat(),
    "time": "14:00",
    "time_zone": "Asia/Shanghai",
    "minutes": 90,
    "place": "https://meet.example/x",
}


@pytest.fixture
def booked(acme, alice, bob, browse, here, mailoutbox):
    """A session Alice booked, with Bob invited."""
    form = FORM | {"people": [str(bob.pk)]}
    sent = browse(alice).post(f"{here}sessions/book/", form)
    assert sent.status_code == 302, sent.text
    with tenant_scope(acme):
        return Session.objects.get()


def hold(acme, session):
    with tenant_scope(acme):
        Session.objects.update(starts_at=timezone.now() - timedelta(hours=2))


def event_of(data):
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    return event


def test_a_session_is_booked_on_the_clock_of_its_time_zone(booked):
    assert booked.starts_at == datetime(DAY.year, DAY.month, DAY.day, 6, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_whom_one_invites_gets_a_mail_with_a_calendar_file(bob, booked, mailoutbox):
    (mail,) = mailoutbox
    assert mail.to == [bob.email] and "14:00 (Asia/Shanghai)" in mail.body
    ((name, data, kind),) = mail.attachments
    event = event_of(data)
    assert (name, kind) == ("session.ics", "text/calendar")
    assert event.decoded("dtstart") == booked.starts_at
    assert event.decoded("dtend") == booked.starts_at + timedelta(minutes=90)


def test_the_calendar_file_says_where_the_clock_stands(bob, browse, booked, here):
    data = browse(bob).get(f"{here}sessions/{booked.pk}/ics/").content
    assert b"DTSTART;TZID=Asia/Shanghai" in data and b"BEGIN:VTIMEZONE" in data
    assert b"mailto:bob@acme.example" in data.lower()


@pytest.mark.django_db(transaction=True)
def test_a_session_called_off_leaves_calendars(alice, browse, booked, here, mailoutbox):
    browse(alice).post(f"{here}sessions/{booked.pk}/call-off/")
    data = mailoutbox[-1].attachments[0][1]
    assert "METHOD:CANCEL" in data and event_of(data)["sequence"] == 1
    again = browse(alice).post(f"{here}sessions/{booked.pk}/call-off/", follow=True)
    assert "called off already" in again.text


def test_it_is_moved(acme, alice, browse, booked, here):
    address = f"{here}sessions/{booked.pk}/change/"
    assert 'value="14:00' in browse(alice).get(address).text
    assert browse(alice).post(address, FORM | {"time": "15:30"}).status_code == 302
    with tenant_scope(acme):
        booked.refresh_from_db()
    assert booked.starts_at.minute == 30 and booked.sequence == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day": "2020-01-01"}, "has passed"),
        ({"minutes": 2}, "greater than or equal to 5"),
        ({"day": "9999-12-31", "time": "23:59"}, "in that year"),
        ({"day": "0001-01-01", "time": "00:00"}, "in that year"),
        (
            {"day": "2030-03-31", "time": "02:30", "time_zone": "Europe/Berlin"},
            "may not exist",
        ),
    ],
)
def test_what_cannot_be_booked_is_refused_in_words(alice, browse, here, change, words):
    refused = browse(alice).post(f"{here}sessions/book/", FORM | change)
    assert refused.status_code == 422 and words in refused.text


@pytest.mark.parametrize("when", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_the_calendar_are_refused_by_api_too(alice, browse, booked, when):
    address = f"/api/v1/tenants/acme/sessions/{booked.pk}"
    client = browse(alice)
    refused = client.patch(address, {"starts_at": when}, content_type="application/json")
    assert refused.status_code == 400 and "in that year" in refused.json()["fields"]["starts_at"][0]
    assert client.get(address).status_code == 200


def test_a_session_is_not_moved_to_the_end_of_the_calendar(alice, browse, booked, here):
    address = f"{here}sessions/{booked.pk}/change/"
    refused = browse(alice).post(address, FORM | {"day": "9999-12-31", "time": "23:59"})
    assert refused.status_code == 422 and "in that year" in refused.text


def test_who_was_there_rates_it_once(acme, alice, bob, browse, booked, here):
    address = f"{here}sessions/{booked.pk}"
    early = browse(alice).post(f"{address}/attendance/", {"present": [bob.pk]}, follow=True)
    assert "has not begun" in early.text
    hold(acme, booked)
    alone = browse(bob).post(f"{address}/rate/", {"score": 5}, follow=True)
    assert "Only those who were there" in alone.text
    browse(alice).post(f"{address}/attendance/", {"present": [bob.pk], "notes": "Good talk."})
    browse(bob).post(f"{address}/rate/", {"score": 4})
    again = browse(bob).post(f"{address}/rate/", {"score": 1}, follow=True)
    assert "rated this session already" in again.text
    page = browse(alice).get(f"{here}sessions/").text
    assert "Good talk." in page and "4/5" in page


def test_a_recording_is_attached_and_seen(acme, alice, bob, browse, client, booked, here):
    address = f"{here}sessions/{booked.pk}/recording/"
    wrong = {"recording": SimpleUploadedFile("talk.exe", b"MZ")}
    refused = browse(alice).post(address, wrong, follow=True)
    assert "A recording is one of" in refused.text
    browse(alice).post(address, {"recording": SimpleUploadedFile("talk.mp4", b"film")})
    opened = browse(bob).get(address)
    assert opened.status_code == 302 and client.get(opened["Location"]).content == b"film"


def test_a_viewer_books_nothing_and_a_stranger_finds_nothing(bob, carol, browse, booked, here):
    assert browse(bob).post(f"{here}sessions/book/", FORM).status_code == 403
    assert browse(carol).get(f"/api/v1/tenants/globex/sessions/{booked.pk}").status_code == 404


def test_the_api_books_changes_and_calls_off(acme, alice, bob, browse, engagement):
    client, kind = browse(alice), {"content_type": "application/json"}
    base = "/api/v1/tenants/acme"
    wanted = {"title": "Questions", "starts_at": f"{DAY}T09:00:00Z", "people": [str(bob.pk)]}
    made = client.post(f"{base}/engagements/{engagement.pk}/sessions", wanted, **kind)
    assert made.status_code == 201 and "BEGIN:VCALENDAR" in made.json()["calendar"]
    url = f"{base}/sessions/{made.json()['id']}"
    assert client.patch(url, {"minutes": 30}, **kind).json()["minutes"] == 30
    refused = client.patch(url, {"time_zone": "Mars/Base"}, **kind)
    assert refused.status_code == 400 and "No such time zone." in refused.json()["error"]
    assert client.post(f"{url}/call-off").status_code == 200
    assert client.post(f"{url}/call-off").status_code == 409
    stranger = factories.member(acme, "Dana", "viewer")
    assert browse(stranger).post(f"{url}/call-off").status_code == 403
