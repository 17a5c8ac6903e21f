"""Small helpers of the templates: icons, chips, numbers, times, live fragments."""

from datetime import timedelta
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, localize, number_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lepton.lib import charts, states

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1000)
def icon(name, label=""):
    """An icon of the sprite; silent beside words, named by `label` when it stands alone."""
    sprite = static("img/icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name
    )


@register.simple_tag
def chip(state, label=""):
    """A status chip: icon, colour and word of a state (`lepton/lib/states.py` knows them)."""
    look = states.look(state)
    return format_html(
        '<span class="chip chip-{}{}">{}{}</span>',
        look.tone,
        " chip-spin" if look.icon == "spinner" else "",
        icon(look.icon),
        label or look.label,
    )


@register.simple_tag
def tag(label, icon_name=""):
    """A quiet label without a state: a role, a method, a kind."""
    return format_html('<span class="tag">{}{}</span>', icon(icon_name) if icon_name else "", label)


@register.filter
def state_tone(state):
    return states.look(state).tone


@register.filter
def percent(share, digits=1):
    """0.9483 becomes "94.8%" in the reader's way of writing numbers; None becomes a dash."""
    if share is None or share == "":
        return "–"
    return _("%(number)s%%") % {"number": _rounded(float(share) * 100, int(digits))}


@register.filter
def points(share, digits=1):
    """A difference of shares in percentage points with its sign: -0.031 becomes "−3.1"."""
    number = round(float(share) * 100, int(digits))
    sign = "−" if number < 0 else "+" if number > 0 else "±"
    return f"{sign}{_rounded(abs(number), int(digits))}"


def _rounded(number, digits):
    """Rounded first: Django's number_format cuts digits off."""
    return number_format(round(number, digits), digits)


@register.simple_tag
def interval(low, high, digits=1):
    """The 95 % interval as words: "91.2–97.0%"."""
    if low is None or high is None:
        return ""
    first = percent(low, digits).removesuffix("%")
    return f"{first}–{percent(high, digits)}"


@register.filter
def units(share):
    """A share (0 to 1) as a plain number of hundredths, for a position inside an SVG."""
    return f"{min(max(float(share or 0), 0), 1) * 100:.2f}"


@register.simple_tag
def interval_bar(value, low=None, high=None, target=None):
    """Where to draw a figure, its interval and its target: see `charts.interval_bar`."""
    return charts.interval_bar(value, low, high, target)


@register.filter("bytes")
def bytes_(count):
    """Bytes as people say them, in decimal units: 1 500 000 becomes "1.5 MB"."""
    size = float(count or 0)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    digits = 0 if unit == "B" or size >= 100 else 1
    return f"{_rounded(size, digits)} {unit}"


@register.filter
def duration(seconds):
    """Seconds as "45 s", "3 min 20 s" or "2 h 5 min"; None becomes a dash."""
    if seconds is None or seconds == "":
        return "–"
    seconds = float(seconds)
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": _rounded(seconds, 1)}
    whole = round(seconds)
    if whole < 60:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}
    hours, minutes = whole // 3600, whole % 3600 // 60
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}


@register.simple_tag
def timeago(moment):
    """A <time> that reads "5 minutes ago"; the page keeps it true in the reader's zone."""
    if not moment:
        return "–"
    is_new = timezone.now() - moment < timedelta(minutes=1)
    words = _("just now") if is_new else _("%(time)s ago") % {"time": timesince(moment, depth=1)}
    return format_html('<time datetime="{}" data-timeago>{}</time>', moment.isoformat(), words)


@register.simple_tag
def localtime(moment):
    """A <time> shown on the reader's own clock; UTC until the page has run."""
    if not moment:
        return "–"
    words = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" data-localtime>{}</time>', moment.isoformat(), words)


@register.simple_tag
def localtick(moment, ticks):
    """A <time> on a chart's axis: the hour where the axis spans two days or less, else the day."""
    style = "hour" if ticks[-1] - ticks[0] <= timedelta(days=2) else "day"
    words = date_format(moment, "H:i" if style == "hour" else "MONTH_DAY_FORMAT")
    return format_html(
        '<time datetime="{}" data-local{}>{}</time>', moment.isoformat(), style, words
    )


@register.simple_tag
def live(url, *topics):
    """Attributes of a fragment's root: it fetches itself when one of `topics` changed."""
    return format_html(
        'data-live="{}" hx-get="{}" hx-trigger="look-again" hx-target="this" hx-swap="outerHTML"',
        " ".join(str(topic) for topic in topics),
        url,
    )


@register.simple_tag
def sample_size(n):
    """ "n = 1,204", said in full to a screen reader."""
    said = ngettext("%(n)s item", "%(n)s items", n) % {"n": localize(n)}
    return format_html('<abbr title="{}">n = {}</abbr>', said, localize(n))
