"""Where a Chromium is, and what is said where there is none."""

import os
import shutil
from pathlib import Path

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
ABSENT = "no Chromium was found: `make browser` gets one"


def program(playwright) -> str | None:
    """Path of Playwright's own Chromium, else of one that is installed, else None."""
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright):
    """Start it; where there is none the test is skipped, in continuous integration it fails."""
    found = program(playwright)
    if found:
        return playwright.chromium.launch(executable_path=found, args=FLAGS)
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(ABSENT)
    return pytest.skip(ABSENT)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    """Nobody shall take a green run for one that had a browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(ABSENT in str(report.longrepr) for report in skipped):
        line = "THE BROWSER TESTS WERE LEFT OUT. NO CHROMIUM WAS FOUND; `make browser` GETS ONE."
        terminalreporter.section("attention", red=True, bold=True)
        terminalreporter.line(line, red=True, bold=True)
