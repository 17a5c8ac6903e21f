"""Audit entries in words."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst

register = template.Library()
SHA256 = re.compile(r"[0-9a-f]{64}")


@register.filter
def verb(name):
    """`member.role_changed` becomes "Member role changed"."""
    return capfirst(name.replace(".", " ").replace("_", " "))


@register.filter
def as_words(detail):
    """The details of an entry in one line; what is empty says nothing."""
    known = [(name.replace("_", " "), value) for name, value in detail.items()]
    told = [(name, _plain(value)) for name, value in known if value not in ("", None)]
    return format_html_join(", ", "{}: {}", told)


def _plain(value):
    """A list word by word; of a hash its beginning, the whole of it on pointing at it."""
    if isinstance(value, list):
        return format_html_join(" ", "{}", ((_plain(one),) for one in value))
    if isinstance(value, str) and SHA256.fullmatch(value):
        return format_html('<code title="{}">{}…</code>', value, value[:12])
    return value
