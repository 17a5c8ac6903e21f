"""The template helpers say numbers, states and times the way people do."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory

from lepton import gallery
from lepton.lib import states
from lepton.templatetags import ui

STATIC = Path(settings.BASE_DIR) / "static"


@pytest.fixture(scope="module")
def page() -> str:
    """The gallery: every component, rendered."""
    return render_to_string("lepton/gallery.html", gallery.context(), RequestFactory().get("/"))


@pytest.mark.parametrize(
    ("share", "said"), [(0.95766, "95.8%"), (1, "100.0%"), (0, "0.0%"), (None, "–")]
)
def test_a_share_is_rounded_not_cut(share, said):
    assert ui.percent(share) == said


def test_an_interval_names_its_unit_once():
    assert ui.interval(0.9031, 0.95766) == "90.3–95.8%"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1_500_000, "1.5 MB"), (2 * 10**9, "2.0 GB")]
)
def test_bytes_are_said_in_decimal_units(count, said):
    assert ui.bytes_(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4.21, "4.2 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_duration_uses_the_two_largest_units(seconds, said):
    assert ui.duration(seconds) == said


def test_a_chip_says_its_state_in_words_and_not_by_colour_alone():
    chip = ui.chip("failed")
    assert "chip-bad" in chip
    assert "Failed" in chip
    assert "<svg" in chip


def test_a_label_in_a_chip_is_escaped():
    assert "<b>" not in ui.chip("queued", "<b>bold</b>")


def test_an_unknown_state_is_neutral_and_readable():
    assert states.look("half_done") == ("neutral", "circle", "Half done")


def test_every_icon_used_is_in_the_sprite(page):
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text()))
    templates = Path(settings.BASE_DIR).glob("templates/**/*.html")
    written = {
        name for file in templates for name in re.findall(r'{% icon "([^"]+)"', file.read_text())
    }
    shown = set(re.findall(r"icons\.svg#([\w-]+)", page))
    assert written | shown | {look.icon for look in states.LOOKS.values()} <= drawn


def test_no_component_needs_an_inline_style_or_script(page):
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_every_component_is_shown_in_the_gallery():
    """A component nobody shows is a component nobody looks at."""
    folder = Path(settings.BASE_DIR) / "templates"
    everywhere = "".join(
        file.read_text()
        for file in [
            *folder.glob("*.html"),
            *folder.glob("components/*.html"),
            folder / "lepton/gallery.html",
        ]
    )
    missing = [
        file.name
        for file in folder.glob("components/_*.html")
        if f"components/{file.name}" not in everywhere
    ]
    assert missing == []
