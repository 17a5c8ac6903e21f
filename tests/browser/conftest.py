"""One installation for all, a Chromium and an engagement for each module; its people each have a
browser of their own."""

import zipfile

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from lepton.demo import archives, surfaces
from tests.browser import chromium
from tests.browser.site import Site
from tests.browser.stage import CLASSES
from tests.browser.visit import Visitor

PER_CLASS = 14


@pytest.fixture(autouse=True)
def _storage_of_its_own():
    """The site has its own."""


@pytest.fixture(scope="session", autouse=True)
def _sweeper_empties_tables():
    """The site has its own database."""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def installation():
    with Site() as site:
        yield site


@pytest.fixture(scope="module")
def site(installation, request):
    """The installation, in which this module has the engagement that it calls ENGAGEMENT."""
    installation.set_the_stage(getattr(request.module, "ENGAGEMENT", ""))
    return installation


@pytest.fixture
def visitor(browser, site):
    """`visitor(name)` opens a browser; whatever its console says in the end is a failure."""
    opened = []

    def open_browser(name):
        opened.append(Visitor(browser, site, name))
        return opened[-1]

    yield open_browser
    for one in opened:
        one.context.close()
    complaints = [complaint for one in opened for complaint in one.complaints]
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="module")
def plates() -> dict[str, bytes]:
    """Pictures by the path they have in a zip: a folder per class."""
    return {
        f"{label}/{label}_{index:03}.jpg": _plate(label, np.random.default_rng([number, index]))
        for number, label in enumerate(CLASSES)
        for index in range(PER_CLASS)
    }


def _plate(label, random):
    return archives.jpeg(surfaces.picture(label, random), random)


@pytest.fixture
def plates_zip(plates, tmp_path):
    """The plates, one of them twice, and a text that calls itself a picture."""
    path = tmp_path / "plates.zip"
    twice = {"ok/again.jpg": plates["ok/ok_000.jpg"], "ok/note.jpg": b"not a picture"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (plates | twice).items():
            archive.writestr(name, data)
    return path
