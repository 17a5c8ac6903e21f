"""A pack as PDF, by reportlab: the data the page shows, the same bytes for the same data."""

import io
import re
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    ListFlowable,
    Paragraph,
    SimpleDocTemplate,
    Table,
    TableStyle,
)

OTHER_SCRIPT = "STSong-Light"  # a font that PDF readers bring along: nothing needs installing
INK, SOFT, LINE, WELL = (colors.HexColor(c) for c in ("#1c2024", "#5a6169", "#d5d9de", "#f3f5f7"))
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12.5, textColor=INK)
CELL = ParagraphStyle("cell", BODY, fontSize=8, leading=10.5, alignment=TA_LEFT)
HEAD = ParagraphStyle("head", CELL, fontName="Helvetica-Bold")
LABEL = ParagraphStyle("label", CELL, textColor=SOFT)
TITLE = ParagraphStyle("title", BODY, fontName="Helvetica-Bold", fontSize=20, leading=25)
LEAD = ParagraphStyle("lead", BODY, textColor=SOFT, spaceAfter=4 * mm)
H2 = ParagraphStyle(
    "h2",
    BODY,
    fontName="Helvetica-Bold",
    fontSize=13,
    leading=17,
    spaceBefore=7 * mm,
    spaceAfter=1.5 * mm,
    keepWithNext=1,
)
H3 = ParagraphStyle("h3", H2, fontSize=10, leading=13, spaceBefore=3 * mm, spaceAfter=0)
WIDTH = A4[0] - 36 * mm - 12  # what the page's frame leaves
HEIGHT = A4[1] - 38 * mm - 12
SHORT = 16  # rows of a table that is not parted between two pages
pdfmetrics.registerFont(UnicodeCIDFont(OTHER_SCRIPT))


def render(title: str, lead: str, sections: list[dict], *, foot: str) -> bytes:
    """Return the PDF; `foot` stands at the bottom of each page, beside its number."""
    target, story = io.BytesIO(), [_paragraph(title, TITLE), _paragraph(lead, LEAD)]
    for one in sections:
        story += _section(one)
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=title,
        author="Lepton",
        lang="en",
        invariant=1,
    )

    def stamp(canvas, page):
        canvas.saveState()
        line = _paragraph(f"{foot} · {page.page}", LABEL)
        line.wrap(WIDTH, 10 * mm)
        line.drawOn(canvas, 18 * mm, 9 * mm)
        canvas.restoreState()

    document.build(story, onFirstPage=stamp, onLaterPages=stamp)
    return target.getvalue()


def _section(one) -> list:
    """A heading, and what stands below it."""
    return [_paragraph(one["title"], H2), *(KINDS[b["kind"]](b) for b in one["blocks"])]


def _facts(block):
    rows = [[_paragraph(a, LABEL), _paragraph(b, CELL)] for a, b in block["rows"]]
    widths = [0.28 * WIDTH, 0.72 * WIDTH]
    table = Table(rows, colWidths=widths, spaceAfter=2 * mm, splitInRow=1)
    flush = ("LEFTPADDING", (0, 0), (0, -1), 0)
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_PADDING, flush]))
    return table


def _table(block):
    head = [_paragraph(word, HEAD) for word in block["head"]]
    rows = [[_paragraph(cell, CELL) for cell in row] for row in block["rows"]]
    space = {"spaceBefore": 1 * mm, "spaceAfter": 3 * mm}
    table = Table([head, *rows], colWidths=_widths(block), repeatRows=1, splitInRow=1, **space)
    table.setStyle(TableStyle([*_RULED, *_PADDING]))
    if len(rows) <= SHORT and table.wrap(WIDTH, HEIGHT)[1] <= HEIGHT:
        table.setStyle(TableStyle([("NOSPLIT", (0, 0), (-1, -1))]))
    return table


def _widths(block) -> list[float]:
    """Columns by their longest content, long ones less than in proportion."""
    columns = list(zip(block["head"], *block["rows"], strict=True))
    wanted = [min(max(len(cell) for cell in column), 64) ** 0.8 + 3 for column in columns]
    return [WIDTH * one / sum(wanted) for one in wanted]


def _list(block):
    items = [_paragraph(item, BODY) for item in block["items"]]
    return ListFlowable(items, bulletType="bullet", start="•", leftIndent=5 * mm, bulletFontSize=8)


_RULED = [
    ("BACKGROUND", (0, 0), (-1, 0), WELL),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_PADDING = [
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
]
KINDS = {
    "text": lambda block: _paragraph(block["text"], BODY),
    "heading": lambda block: _paragraph(block["text"], H3),
    "facts": _facts,
    "table": _table,
    "list": _list,
}


def _paragraph(words: str, style) -> Paragraph:
    """Text with line breaks kept; what the Latin font lacks is set in one that has it."""
    lines = [_in_fonts(line) for line in str(words).split("\n")]
    return Paragraph("<br/>".join(lines), style)


def _in_fonts(line: str) -> str:
    parts = re.split(r"([^\x20-\x7e\xa0-\xff–—‘’“”…•€·]+)", line)
    marked = [
        f'<font name="{OTHER_SCRIPT}">{escape(part)}</font>' if number % 2 else escape(part)
        for number, part in enumerate(parts)
    ]
    return "".join(marked)
