"""Query parameters that narrow a list to one of several known values."""

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError


def chosen(request, name, choices) -> str:
    """The value of a query parameter, "" where it is not given; another one is a 400."""
    value = request.GET.get(name, "")
    if value and value not in choices.values:
        known = ", ".join(choices.values)
        raise ValidationError({name: [_("Choose one of: %s.") % known]})
    return value
