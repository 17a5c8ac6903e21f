"""What templates of courses need besides."""

from django import template

from enablement import lesson_html

register = template.Library()


@register.simple_tag
def course_file(file):
    """Where a file of a course can be opened."""
    return lesson_html.address(file)
