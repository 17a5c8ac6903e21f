"""People at the review page: they look at the picture, press a class, and get the next one."""

import hashlib
import html
import re
import zipfile

from training.datasets import layout
from training.engine import preprocess

PICTURE = re.compile(r'<img src="([^"]+)"')
FORM = re.compile(r'action="([^"]+/items/[^"]+)"')
ANSWER = re.compile(r"The model says <strong>([^<]*)</strong>")


def answer_all(stage, person, truth) -> dict[str, int]:
    """Answer until nothing is left for this person; returns how many of each verdict that were."""
    given = {}
    seen = person.fragment(f"e/{stage.id}/review/")
    while form := FORM.search(seen):
        shown = html.unescape(PICTURE.search(seen)[1])
        said = _said(truth.get(_pixels(person.fetch(shown))), _answer(seen))
        given[said["verdict"]] = given.get(said["verdict"], 0) + 1
        seen = person.press(html.unescape(form[1]), **said)
    return given


def truth_of(source) -> dict[str, str]:
    """What every picture of the demo shows, by its pixels: storing one leaves them as they are."""
    found = {}
    for archive in (source.archive, source.more):
        for label, data in pictures(archive).values():
            found[_pixels(data)] = label
    for stretch in source.stretches:
        for number in range(stretch.plates):
            label, data = stretch.picture(number)
            found[_pixels(data)] = label
    return found


def pictures(archive) -> dict[str, tuple[str, bytes]]:
    """{path: (label, bytes)} of an ImageFolder zip."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        places = layout.places(names)
        return {
            name: (place.label, opened.read(name))
            for name, place in zip(names, places, strict=True)
        }


def _answer(seen) -> str:
    return html.unescape(ANSWER.search(seen)[1])


def _said(right, answered) -> dict:
    """What somebody tried in the browser is known to nobody here."""
    if right is None:
        return {"verdict": "reject"}
    return {"verdict": "confirm"} if right == answered else {"verdict": "correct", "label": right}


def _pixels(data: bytes) -> str:
    return hashlib.sha256(preprocess.decode(data).tobytes()).hexdigest()
