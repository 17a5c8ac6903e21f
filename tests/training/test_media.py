"""Signed links: whoever has one opens that one file, for five minutes."""

import time

import pytest

from lepton.lib import media, storage

KEY = "tenants/acme/images/ab/abcd.png"


@pytest.fixture
def stored():
    storage.put(KEY, b"pixels")
    return media.signed_url(KEY)


def test_a_fresh_link_opens_the_file_without_signing_in(client, stored):
    answer = client.get(stored)
    assert (answer.status_code, answer.content) == (200, b"pixels")
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Cache-Control"].startswith("private")


def test_after_five_minutes_it_says_so(client, stored, monkeypatch):
    later = time.time() + media.VALID_SECONDS + 1
    monkeypatch.setattr(media.time, "time", lambda: later)
    answer = client.get(stored)
    assert answer.status_code == 403 and "expired" in answer.text


def test_a_link_stays_the_same_within_a_minute_so_that_browsers_can_cache(monkeypatch):
    links = []
    for second in (0, 59, 60):
        monkeypatch.setattr(media.time, "time", lambda second=second: 1_200_000_000 + second)
        links.append(media.signed_url(KEY))
    assert links[0] == links[1] != links[2]


def test_a_changed_link_is_nothing(client, stored):
    assert client.get(stored[:-1] + ("A" if stored[-1] != "A" else "B")).status_code == 404
    assert client.get("/media/tenants/acme/images/ab/abcd.png").status_code == 404
    assert client.get("/media/abcd").status_code == 404


def test_a_link_to_what_is_gone_is_a_404(client, stored):
    storage.discard(KEY)
    assert client.get(stored).status_code == 404
