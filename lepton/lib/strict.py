"""Serializers that name unknown fields instead of dropping them."""

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer):
    """Refuses fields it does not know, by name."""

    def to_internal_value(self, data):
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            known = ", ".join(sorted(self.fields))
            message = _("Unknown field. Known fields: %s.") % known
            raise serializers.ValidationError({name: [message] for name in unknown})
        return super().to_internal_value(data)


def valid(serializer_class, data) -> dict:
    """Return `data` as the serializer understands it, or raise what becomes a 400 naming fields."""
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
