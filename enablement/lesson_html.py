"""Lessons as HTML: Markdown in, a short list of harmless tags out.

`![Words](course:press.png)` shows a file of the course: a picture, a film (with the captions whose
file has the same name but for its ending `.vtt`) or, as a link, material. `[[predict_url]]` and
the other words of `enablement.places` are replaced by the engagement's own.
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

import nh3
from django.utils.html import escape
from django.utils.safestring import mark_safe
from markdown_it import MarkdownIt

from enablement.models import CourseFile
from lepton.lib import media

FILM_SECONDS = 6 * 3600  # as long as people may take over a film
TAGS = {
    *("h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "a", "br", "hr"),
    *("blockquote", "table", "thead", "tbody", "tr", "th", "td", "img", "video", "track"),
}
ATTRIBUTES = {
    "h2": {"id"},
    "h3": {"id"},
    "a": {"href", "title", "download"},
    "img": {"src", "alt", "title", "loading"},
    "video": {"src", "controls", "preload", "aria-label"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "td": {"align"},
    "th": {"align"},
}
_PLACEHOLDER = re.compile(r"\[\[([a-z_]+)\]\]")
_FILE = re.compile(r'<img src="course:([^"]*)" alt="([^"]*)"[^>]*>')
_FILE_LINK = re.compile(r'<a href="course:([^"]*)"')
_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)


class Rendered(NamedTuple):
    """A lesson to read: its HTML, and its headings as (id, words)."""

    html: str
    contents: list[tuple[str, str]]


def render(body: str, *, files=(), words=None) -> Rendered:
    """Return a lesson's Markdown as safe HTML; `files` are CourseFiles, `words` fill placeholders.

    A word or file that is not known is left as it is written.
    """
    filled = _PLACEHOLDER.sub(lambda found: (words or {}).get(found[1], found[0]), body)
    # raw HTML is shown as text
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(filled)
    by_name = {file.file_name: file for file in files}
    html = _FILE.sub(lambda found: _shown(found, by_name), html)
    html = _FILE_LINK.sub(lambda found: _linked(found, by_name), html)
    contents = []
    html = _HEADING.sub(lambda found: _heading(found, contents), html)
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, link_rel="noopener noreferrer")
    return Rendered(mark_safe(clean), contents)  # noqa: S308, it is clean


def address(file: CourseFile) -> str:
    """Return where a file of a course can be opened for the next hours."""
    save_as = file.file_name if file.kind == CourseFile.Kind.MATERIAL else ""
    return media.signed_url(file.storage_key, save_as=save_as, seconds=FILM_SECONDS)


def _shown(found, files) -> str:
    file, words = files.get(found[1]), found[2]
    if file is None:
        return f"<em>{words or escape(found[1])}</em>"
    url = escape(address(file))
    if file.kind == CourseFile.Kind.VIDEO:
        captions = files.get(str(PurePosixPath(file.file_name).with_suffix(".vtt")))
        track = _track(captions) if captions else ""
        start = f'<video src="{url}" controls preload="metadata" aria-label="{words}">'
        return f"{start}{track}</video>"
    if file.kind == CourseFile.Kind.PICTURE:
        return f'<img src="{url}" alt="{words}" loading="lazy">'
    return f'<a href="{url}">{words or escape(file.file_name)}</a>'


def _track(captions) -> str:
    return f'<track src="{escape(address(captions))}" kind="captions" default>'


def _linked(found, files) -> str:
    file = files.get(found[1])
    return f'<a href="{escape(address(file))}"' if file else "<a"


def _heading(found, contents) -> str:
    name = f"part-{len(contents) + 1}"
    contents.append((name, re.sub(r"<[^>]+>", "", found[1])))
    return f'<h2 id="{name}">{found[1]}</h2>'
