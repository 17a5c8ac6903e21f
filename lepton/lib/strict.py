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
