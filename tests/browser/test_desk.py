"""An account manager's first day in a real Chromium: a customer, a plan, and what comes next."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visit import rail

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGAGEMENT, OWNER = "Plates to plan", "Dora"


def test_mei_sets_up_a_customer_and_sees_what_comes_next(visitor):
    mei = visitor("mei")
    page = mei.sign_in("mei@vendor.example")
    page.get_by_role("link", name="Open a customer").first.click()
    mei.shoot("d1-open-customer")
    for label, text in {
        "Customer": "Initech Optics",
        "Owner's name": OWNER,
        "Owner's email": "dora@initech.example",
        "Engagement": "Lens inspection",
        "What is needed": "Find scratched lenses before they are packed.",
        "Classes": "ok\nscratch",
    }.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Type").select_option(label="Full loop")
    page.get_by_role("main").locator("form button[type=submit]").click()
    expect(page.get_by_text("Initech Optics").first).to_be_visible()
    mei.shoot("d2-customer-opened")
    page.goto(f"{mei.site.url}/board/")
    next_for_you = page.locator("#next")
    expect(next_for_you).to_contain_text("Hold the kick-off")
    mei.shoot("d3-board")
    page.get_by_role("main").get_by_role("link", name="Lens inspection").click()
    expect(page.locator("#next")).to_contain_text("Hold the kick-off")
    mei.shoot("d4-overview")
    _plans(mei)
    _looks_as_the_customer(mei)
    for name, path in {
        "d7-list": "/board/list/",
        "d8-portfolio": "/board/portfolio/",
        "d9-templates": "/board/templates/",
        "d10-webhooks": "/t/initech-optics/webhooks/",
    }.items():
        page.goto(mei.site.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        mei.shoot(name)


def _plans(mei):
    page = mei.page
    rail(page, "Plan")
    kick_off = page.get_by_role("listitem").filter(has_text="Hold the kick-off").first
    expect(kick_off).to_be_visible()
    mei.shoot("d5-plan")
    kick_off.get_by_role("button", name="Done").click()
    expect(page.get_by_role("listitem").filter(has_text="Done by Mei")).to_be_visible()
    rail(page, "Overview")
    page.get_by_role("link", name="Requirement").first.click()
    expect(page.get_by_text("scratched lenses").first).to_be_visible()
    mei.shoot("d5-requirement")


def _looks_as_the_customer(mei):
    """Mei sees what Dora sees: no health, no economics, and nothing she could change."""
    page = mei.page
    page.get_by_label("Account menu of").click()
    page.get_by_role("button", name=re.compile("customer", re.IGNORECASE)).click()
    page.goto(f"{mei.site.url}/t/initech-optics/")
    page.get_by_role("main").get_by_role("link", name="Lens inspection").click()
    expect(page.get_by_role("heading", name="The loop")).to_be_visible()
    expect(page.get_by_role("heading", name="Health")).to_have_count(0)
    expect(page.get_by_role("link", name="Economics")).to_have_count(0)
    mei.shoot("d6-as-the-customer")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("button", name="Leave")).to_have_count(0)


def test_what_alice_plans_appears_at_meis_gate_without_a_reload(visitor):
    mei, alice = visitor("mei"), visitor("alice")
    mei.sign_in("mei@vendor.example")
    mei.page.get_by_role("main").get_by_role("link", name=ENGAGEMENT).first.click()
    alice.sign_in("alice@acme.example")
    alice.page.get_by_role("main").get_by_role("link", name=ENGAGEMENT).click()
    rail(alice.page, "Plan")
    seen = mei.watch("#gate")
    alice.page.get_by_role("button", name="Action item").click()
    alice.page.get_by_label("Title").first.fill("Send twenty stained plates")
    alice.page.locator("#plan-item").get_by_role("button", name="Save").click()
    expect(alice.page.get_by_text("Send twenty stained plates").first).to_be_visible()
    expect(mei.page.locator("#gate")).to_contain_text("Send twenty stained plates")
    assert seen()
