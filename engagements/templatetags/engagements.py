"""Sentences of the timeline."""

from django import template

from engagements import timeline

register = template.Library()


@register.filter
def told(entries):
    """Timeline entries, newest first, as the timeline component takes them."""
    return timeline.summed_up(entries)
