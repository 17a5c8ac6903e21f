"""Reviewing by keyboard alone, in a real Chromium: no mouse is moved, nothing is clicked."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.stage import CLASSES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGAGEMENT, WANTED = "Plates to review", 20


@pytest.fixture(scope="module")
def queue(site):
    """Alice's engagement with a model in place and as many predictions, as rows alone."""
    command = ("-m", "tests.browser.queue", site.engagement, str(WANTED))
    made = site.start(*command, stdout=subprocess.PIPE)
    assert made.communicate(timeout=60)[0].strip() == b"ready"


def test_alice_reviews_twenty_items_by_keyboard_alone(visitor, queue):
    alice = visitor("alice-reviews")
    page = alice.sign_in("alice@acme.example")
    page.goto(alice.site.page("review/"))
    expect(page.get_by_text("Nothing left for you")).to_be_visible()
    alice.shoot("01-empty")
    _reach(page, "Draw")
    page.keyboard.press("Enter")
    expect(page.get_by_text("What is it?")).to_be_visible()
    alice.shoot("02-item")

    said = page.locator(".review-said")
    with page.expect_response("**/review/?after=*"):
        _press(page, "n")  # another one first; this one comes back
    _press(page, "2")
    expect(said).to_contain_text("Noted")
    _press(page, "u")
    expect(said).to_contain_text("Taken back")
    left, head = _left(page), page.locator("#review .panel-head")
    for number in range(WANTED):
        _press(page, "Enter" if number % 3 else str(1 + number % len(CLASSES)))
        expect(head).to_contain_text(re.compile(rf"(?<!\d){left - number - 1} left"))
    expect(head).to_contain_text(f"{WANTED} answered by you")
    alice.shoot("03-reviewed")


def _press(page, key):
    """Press a key once the picture is there to be answered."""
    expect(page.locator("#review[data-ready]:not(.htmx-request)")).to_be_visible()
    page.keyboard.press(key)


def _left(page) -> int:
    return int(re.search(r"(\d+) left", page.locator("#review .panel-head").inner_text()).group(1))


def _reach(page, name):
    """Go by Tab until a button of this name has the focus."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"“{name}” cannot be reached by Tab")
