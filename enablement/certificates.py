"""Certificates: a page to print, and a public link that says whether it is genuine."""

import io
from typing import NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from accounts import system
from enablement import progress
from enablement.models import Certificate
from lepton.lib.refusals import Conflict

INK, FAINT, ACCENT = HexColor("#1a1b1e"), HexColor("#64676e"), HexColor("#3350cf")
ASIAN = "STSong-Light"  # readers have it; nothing is embedded


class Shown(NamedTuple):
    """What anybody with the code may know of a certificate."""

    name: str
    course: str
    issued_at: object


def with_code(code: str) -> Shown | None:
    """Return what a certificate of any tenant says, or None for a code that was never given."""
    rows = system.call("lepton_certificate", code)
    return Shown(*rows[0]) if rows else None


def of(enrolment) -> Certificate:
    """Return what a learner was given at the end of their course. Raises Conflict before it."""
    if enrolment.finished_at is None:
        progress.catch_up(enrolment)  # the last practical may have been seen since
    given = Certificate.objects.filter(enrolment=enrolment).first()
    if given is None:
        words = {"name": enrolment.user, "course": enrolment.version.course}
        raise Conflict(_("%(name)s has not finished “%(course)s” yet.") % words)
    return given


def sent(certificate, *, as_attachment: bool) -> HttpResponse:
    """Return the answer that carries its page, named after who learned what."""
    response = HttpResponse(as_pdf(certificate), content_type="application/pdf")
    name = f"{certificate.name}, {certificate.course}.pdf"
    response["Content-Disposition"] = content_disposition_header(as_attachment, name)
    return response


def as_pdf(certificate) -> bytes:
    """Return a certificate as one page of A4, across."""
    file, (width, height) = io.BytesIO(), landscape(A4)
    page = Canvas(file, pagesize=(width, height), invariant=True)
    page.setTitle(_("Certificate of %s") % certificate.name)
    page.setStrokeColor(ACCENT)
    page.setLineWidth(2)
    page.rect(28, 28, width - 56, height - 56)
    day = date_format(localtime(certificate.issued_at), "DATE_FORMAT")
    for words, size, colour, up in [
        (settings.LEPTON_VENDOR_NAME, 14, FAINT, 470),
        (_("Certificate"), 34, ACCENT, 415),
        (certificate.name, 30, INK, 335),
        (_("has finished the course"), 13, FAINT, 300),
        (certificate.course, 20, INK, 262),
        (day, 13, FAINT, 225),
        (_("with every quiz passed and every practical seen by the server."), 11, FAINT, 195),
        (_("Check it at %s") % address(certificate), 9, FAINT, 62),
    ]:
        page.setFillColor(colour)
        page.setFont(_font(words, bold=size >= 20), _fitting(words, size, width - 120))
        page.drawCentredString(width / 2, up, words)
    page.showPage()
    page.save()
    return file.getvalue()


def address(certificate) -> str:
    """Return where anybody can see that it is genuine."""
    return f"{settings.LEPTON_PUBLIC_URL}{certificate.get_absolute_url()}"


def _font(words, *, bold) -> str:
    """The standard fonts know Latin letters; for others, one that readers bring along."""
    try:
        words.encode("cp1252")
    except UnicodeEncodeError:
        pdfmetrics.registerFont(UnicodeCIDFont(ASIAN))
        return ASIAN
    return "Helvetica-Bold" if bold else "Helvetica"


def _fitting(words, size, width) -> float:
    """The size, smaller where the words would run over the edge."""
    wide = pdfmetrics.stringWidth(words, _font(words, bold=size >= 20), size)
    return size * min(1, width / wide) if wide else size
