"""Sentences of the timeline, and money."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext

from engagements import timeline

register = template.Library()


@register.filter
def told(entries):
    """Timeline entries, newest first, as the timeline component takes them."""
    return timeline.summed_up(entries)


@register.filter
def money(cents, currency=""):
    """Whole cents as "1,234.50 EUR"; None becomes a dash."""
    if cents is None or cents == "":
        return "–"
    units = number_format(Decimal(cents).scaleb(-2), 2, force_grouping=True)
    return f"{units} {currency}".rstrip()


@register.filter
def exact(cents):
    """Cents that may be broken as units, with as many decimals as they have; None: a dash."""
    if cents is None:
        return "–"
    return number_format(Decimal(cents).scaleb(-2).normalize())


@register.filter
def days(seconds):
    """Seconds as days with one decimal; None becomes a dash."""
    if seconds is None:
        return "–"
    return gettext("%s days") % number_format(round(seconds / 86400, 1), 1)


@register.filter
def points(share):
    """A difference of shares in percentage points, with its sign."""
    sign = "+" if share >= 0 else "−"
    return gettext("%s points") % f"{sign}{number_format(round(abs(share) * 100, 1), 1)}"
