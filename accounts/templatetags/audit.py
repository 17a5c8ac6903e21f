"""Audit entries in words."""

from django import template
from django.utils.text import capfirst

register = template.Library()


@register.filter
def verb(name):
    """`member.role_changed` becomes "Member role changed"."""
    return capfirst(name.replace(".", " ").replace("_", " "))


@register.filter
def as_words(detail):
    """The details of an entry in one line; what is empty says nothing."""
    known = [(name.replace("_", " "), value) for name, value in detail.items()]
    return ", ".join(f"{name}: {_plain(value)}" for name, value in known if value not in ("", None))


def _plain(value):
    return " ".join(map(str, value)) if isinstance(value, list) else value
