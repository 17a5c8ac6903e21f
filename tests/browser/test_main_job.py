"""The main job in a real Chromium, against a real installation. The tests build on one another."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PER_CLASS
from tests.browser.stage import CLASSES
from tests.browser.visit import Visitor, drop, rail, row

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGAGEMENT, ENDPOINT = "Surface inspection", "surface-inspection"
RUN_MS = 90_000


def test_alice_goes_from_a_zip_to_a_corrected_answer(visitor, plates, plates_zip):
    alice = visitor("alice")
    alice.page.goto(alice.site.url)
    alice.shoot("01-sign-in")
    alice.sign_in("alice@acme.example")
    alice.shoot("02-engagements")
    alice.page.get_by_role("main").get_by_role("link", name=ENGAGEMENT).click()
    expect(alice.page.get_by_text("Accuracy").first).to_be_visible()
    alice.shoot("03-overview-empty")

    uploads(alice, plates_zip)
    freezes_a_version(alice)
    watches_a_run(alice)
    reads_the_accuracy(alice)
    deploys(alice)
    tries_and_corrects(alice, plates["dent/dent_000.jpg"])
    sees_the_feedback(alice)


def uploads(alice, plates_zip):
    page = alice.page
    rail(page, "Data")
    expect(page.get_by_text("No images yet")).to_be_visible()
    alice.shoot("04-data-empty")
    page.locator("input[name=archive]").set_input_files(plates_zip)
    with alice.site.pausing("imports"):
        page.get_by_role("button", name="Upload and import").click()
        page.wait_for_url("**/imports/**")
        seen = alice.watch("h1 .chip")
        alice.shoot("05-import-queued")
    expect(page.locator("h1 .chip")).to_have_text("Succeeded", timeout=60_000)
    assert seen()[0] == "Queued"
    expect(row(page, "ok/note.jpg")).to_contain_text("not an image")
    page.get_by_role("link", name="All files").click()
    expect(row(page, "ok/ok_000.jpg")).to_contain_text("Accepted")
    expect(row(page, "ok/again.jpg")).to_contain_text("Duplicate")
    alice.shoot("06-import-done")


def freezes_a_version(alice):
    page = alice.page
    page.get_by_role("link", name="See the images").click()
    expect(page.locator("#gallery img").first).to_be_visible()
    alice.shoot("07-data")
    page.get_by_role("button", name="Freeze a version").click()
    alice.shoot("08-freeze")
    page.get_by_role("dialog").get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("v1")
    counts = page.locator("tfoot .num").all_text_contents()
    assert sum(map(int, counts)) == PER_CLASS * len(CLASSES)
    alice.shoot("09-version")


def watches_a_run(alice):
    page = alice.page
    rail(page, "Runs")
    alice.shoot("10-runs-empty")
    page.get_by_role("link", name="Start a run").first.click()
    page.get_by_role("radio", name=re.compile("Fine-tune")).check()
    page.get_by_role("radio", name=re.compile("Lepton small", re.I)).check()
    page.locator("summary").filter(has_text="Settings").click()
    alice.shoot("11-run-form")
    page.get_by_label("Epochs").fill("4")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Run 1")
    seen = alice.watch("h1 .chip")
    expect(page.get_by_role("heading", name="Epochs")).to_be_visible(timeout=RUN_MS)
    alice.shoot("12-run-training")
    expect(page.locator("h1 .chip")).to_have_text("Succeeded", timeout=RUN_MS)
    assert "Training" in seen()
    alice.shoot("13-run-done")


def reads_the_accuracy(alice):
    page = alice.page
    page.get_by_role("link", name="Look at its accuracy").click()
    accuracy = page.locator(".metric").filter(has_text="Accuracy").first
    expect(accuracy).to_contain_text(re.compile(r"\d+\.\d%"))
    expect(accuracy).to_contain_text("95% interval")
    expect(accuracy).to_contain_text(re.compile(r"n = \d+"))
    alice.shoot("14-model")
    page.locator(".matrix a").first.click()
    expect(page.locator(".answer img").first).to_be_visible()
    alice.shoot("15-answers")
    page.get_by_role("link", name="Back to the figures").click()


def deploys(alice):
    page = alice.page
    page.get_by_role("link", name="Deploy").click()
    alice.shoot("16-endpoint-create")
    page.get_by_role("button", name="Create the endpoint").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ENDPOINT)
    alice.shoot("17-endpoint-empty")
    with alice.site.pausing("serving.inference"):
        page.get_by_role("button", name="Deploy").click()
        seen = alice.watch("#champion .chip")
        expect(page.locator("#champion .chip")).to_have_text("Loading")
    expect(page.locator("#champion .chip")).to_have_text("Live", timeout=60_000)
    assert seen() == ["Loading", "Live"]
    alice.shoot("18-endpoint-live")


def tries_and_corrects(alice, picture):
    page = alice.page
    drop(page, "dent.jpg", picture)
    answer = page.locator("#answer .answer-label")
    expect(answer).to_contain_text("%")
    evidence = page.get_by_role("img", name=re.compile("Where in the picture"))
    expect(evidence).to_be_visible()
    assert (
        evidence.evaluate(
            "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, 224, 224).data).size"
        )
        > 20
    )
    alice.shoot("19-answer")
    said = answer.text_content().split()[0]
    right = next(name for name in CLASSES if name != said)
    page.get_by_label("The right class").select_option(right)
    page.get_by_role("button", name="Correct it").click()
    expect(page.locator("#answer .chip")).to_have_text("Corrected")
    alice.shoot("20-corrected")


def sees_the_feedback(alice):
    page = alice.page
    rail(page, "Feedback")
    expect(page.locator("#predictions")).to_contain_text("Corrected")
    alice.shoot("21-feedback")
    page.locator("#predictions .row-target").click()
    page.get_by_role("button", name="Reject: not usable").click()
    page.get_by_text("2 answers so far").click()
    expect(page.locator(".history")).to_contain_text("superseded")
    alice.shoot("22-prediction")


def test_alice_looks_after_her_tenant(visitor):
    alice = visitor("alice")
    page = alice.sign_in("alice@acme.example")
    page.goto(alice.site.page())
    alice.shoot("23-overview")
    for number, name in enumerate(("Members", "API keys", "Audit"), 24):
        rail(page, name)
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        alice.shoot(f"{number}-{name.lower().replace(' ', '-')}")
    page.get_by_label("Account menu of").click()
    alice.shoot("27-account-menu")
    page.get_by_role("link", name="Two-factor sign-in").click()
    alice.shoot("28-two-factor")


def test_alice_curates_the_data_by_mouse_and_keyboard(visitor):
    alice = visitor("alice")
    page = alice.sign_in("alice@acme.example")
    page.goto(alice.site.page("data/"))
    gallery, boxes = page.locator("#gallery"), page.locator("#gallery input[name=ids]")
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(gallery.locator("[data-chosen-count]")).to_have_text("4")
    boxes.nth(5).focus()
    page.keyboard.press("x")
    expect(gallery.locator("[data-chosen-count]")).to_have_text("5")
    alice.shoot("32-data-chosen")
    gallery.locator("[name=to_split]").select_option("test")
    gallery.get_by_role("button", name="Move").click()
    expect(page.locator(".toasts")).to_contain_text("5 images changed.")
    expect(gallery.locator(".thumb-words", has_text="Test").first).to_be_visible()
    boxes.nth(0).check()
    gallery.get_by_role("button", name="Exclude").click()
    expect(page.locator(".toasts")).to_contain_text("1 image changed.")
    gallery.get_by_label("Which").select_option("excluded")
    expect(page.locator("#gallery .thumb")).to_have_count(1)
    page.locator("#gallery input[name=ids]").check()
    page.locator("#gallery").get_by_role("button", name="Take back in").click()
    expect(page.locator("#gallery")).to_contain_text("No image matches")
    alice.shoot("33-data-taken-back")


def test_alice_reads_the_record_and_asks_for_more(visitor):
    alice = visitor("alice")
    page = alice.sign_in("alice@acme.example")
    page.goto(alice.site.page())
    page.get_by_role("link", name="Everything that happened").click()
    expect(page.get_by_role("main")).to_contain_text("Alice deployed model version 1")
    alice.shoot("29-timeline")
    page.goto(alice.site.page("requirement/"))
    alice.shoot("30-requirement")
    rail(page, "Engagements")
    page.get_by_role("link", name="Open an engagement").click()
    alice.shoot("31-open-engagement")


def test_bob_looks_and_changes_nothing(visitor):
    bob = visitor("bob")
    page = bob.sign_in("bob@acme.example")
    page.goto(bob.site.page())
    bob.shoot("1-overview")
    for number, name in enumerate(("Data", "Runs", "Models", "Endpoint", "Feedback"), 2):
        rail(page, name)
        bob.shoot(f"{number}-{name.lower()}")
        if name == "Models":
            page.get_by_role("link", name="Version 1").click()
            bob.shoot("4-model")
        changes = re.compile("upload|freeze|start|deploy|roll back|correct|create|cancel", re.I)
        for role in ("button", "link"):
            expect(page.get_by_role("main").get_by_role(role, name=changes)).to_have_count(0)
        expect(page.get_by_role("main").locator("form[method=post]")).to_have_count(0)
    for number, name in enumerate(("Members", "API keys"), 7):
        rail(page, name)
        bob.shoot(f"{number}-{name.lower().replace(' ', '-')}")


def test_mei_finds_the_engagement_on_the_board(visitor):
    mei = visitor("mei")
    page = mei.sign_in("mei@vendor.example")
    card = page.get_by_role("article").filter(has_text=ENGAGEMENT)
    expect(card).to_contain_text("Acme Castings")
    expect(card).to_contain_text(re.compile(r"n = \d+"))
    mei.shoot("1-board")
    page.get_by_role("link", name="Open a customer").click()
    mei.shoot("2-open-customer")
    rail(page, "Board")
    card.get_by_role("link", name=ENGAGEMENT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ENGAGEMENT)


def test_the_keyboard_reaches_content_and_navigation(visitor):
    page = visitor("alice").sign_in("alice@acme.example")
    page.goto(page.url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.goto(page.url.partition("#")[0])
    main = page.get_by_role("navigation", name="Main").get_by_role("link").first
    for _press in range(12):
        page.keyboard.press("Tab")
        if main.evaluate("link => link === document.activeElement"):
            break
    expect(main).to_be_focused()


def test_what_is_not_there_is_said_kindly(browser, site):
    stranger = Visitor(browser, site, "carol")
    page = stranger.sign_in("carol@globex.example")
    assert page.goto(site.page()).status == 404
    stranger.shoot("1-not-found")
    stranger.context.close()
