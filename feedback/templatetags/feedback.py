"""Pictures of predictions, and the accuracy their answers add up to."""

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import ErasedPiece
from lepton.lib import media
from lepton.templatetags.ui import icon

register = template.Library()


@register.simple_tag
def thumbnail(prediction):
    """The picture a prediction answered, small; an icon where it was not kept."""
    return format_html('<span class="thumb">{}</span>', _image(prediction, alt=""))


@register.simple_tag
def picture(prediction):
    """The picture a prediction answered, or why there is none."""
    if not prediction.input_key:
        gone = ErasedPiece.objects.filter(sha256=prediction.input_sha256, kind="input").exists()
        words = _("The input was erased for good.") if gone else _("The input was not kept.")
        return format_html('<p class="soft small">{}</p>', words)
    return format_html('<div class="picture">{}</div>', _image(prediction, alt=_("The input")))


@register.simple_tag
def stored_picture(key, alt=None):
    """A stored picture in its own size; an icon where there is none."""
    if not key:
        return icon("image")
    words = _("The picture") if alt is None else alt
    return format_html('<img src="{}" alt="{}" decoding="async">', media.signed_url(key), words)


@register.filter
def as_metric(answers):
    """What the metric component shows of the answers to one model version."""
    label = _("Realised accuracy, model version %s") % answers.version
    if answers.accuracy is None:
        needed = ngettext(
            "shown after %s more answer", "shown after %s more answers", answers.still_needed
        )
        return {"label": label, "text": "–", "note": needed % answers.still_needed}
    low, high = answers.interval
    note = _("Only answered predictions count, and rejected inputs do not.")
    figure = {"value": answers.accuracy, "low": low, "high": high, "n": answers.n, "target": None}
    return {"label": label, "badge": "live", "note": note, **figure}


def _image(prediction, *, alt):
    if not prediction.input_key:
        return icon("image")
    url = media.signed_url(prediction.input_key)
    return format_html('<img src="{}" alt="{}" loading="lazy" decoding="async">', url, alt)
