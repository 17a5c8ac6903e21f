"""Alice labels ten images by keyboard alone, in a real Chromium."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.stage import CLASSES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ENGAGEMENT, TEN = "Plates without a label", 10


@pytest.fixture
def flat_zip(plates, tmp_path):
    """Ten plates in no folder; the name says what each is."""
    path = tmp_path / "unlabelled.zip"
    names = [name for label in CLASSES for name in plates if name.startswith(f"{label}/")]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names[:: len(names) // TEN][:TEN]:
            archive.writestr(name.rpartition("/")[2], plates[name])
    return path


def test_ten_images_are_labelled_by_keys_alone(visitor, flat_zip):
    alice = visitor("alice")
    page = alice.sign_in("alice@acme.example")
    page.goto(alice.site.page("data/"))
    page.locator("input[name=archive]").set_input_files(flat_zip)
    page.get_by_role("button", name="Upload and import").click()
    expect(page.get_by_text("To be labelled").first).to_be_visible(timeout=60_000)
    expect(page.locator("h1 .chip")).to_have_text("Succeeded", timeout=60_000)
    alice.shoot("l1-import")
    page.goto(alice.site.page("data/"))
    page.get_by_role("link", name="Label images").click()
    heading = page.locator("#labelling-title")
    alice.shoot("l2-labelling")
    keys = {name: str(place) for place, name in enumerate(CLASSES, 1)}
    page.keyboard.press(keys["dent"])  # and think better of it
    expect(page.get_by_text(f"1 of {TEN} labelled")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text(f"0 of {TEN} labelled")).to_be_visible()
    for done in range(1, TEN + 1):
        page.keyboard.press(keys[heading.inner_text().split("_")[0]])
        expect(page.get_by_text(f"{done} of {TEN} labelled")).to_be_visible()
    expect(page.get_by_text("Every image has a label")).to_be_visible()
    alice.shoot("l3-labelled")
    page.goto(alice.site.page("data/"))
    expect(page.get_by_text("for a label")).to_have_count(0)
    for name in CLASSES:
        expect(page.locator(".bar").filter(has_text=name)).to_be_visible()
