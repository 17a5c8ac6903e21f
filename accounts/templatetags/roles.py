"""What the reader's role allows, for buttons that are shown only to those who may press them."""

from django import template

from accounts import roles

register = template.Library()


@register.filter
def may(role, capability):
    """`{% if request.role|may:"manage" %}`"""
    return roles.may(role, capability)


@register.filter
def role_label(role):
    """The words for a role of a member or of vendor staff."""
    choices = [*roles.Role, *roles.StaffRole]
    return next((choice.label for choice in choices if choice == role), role)


@register.filter
def scope_label(scope):
    """The words for a capability."""
    return next((choice.label for choice in roles.Capability if choice == scope), scope)
