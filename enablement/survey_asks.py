"""Asks customers on the cadence how likely they are to recommend us."""

from django.utils.translation import gettext_lazy as _

from enablement import satisfaction
from engagements import asks
from engagements.models import Side


def register():
    """Let those who are due be asked."""
    asks.register("survey.answer", _("Say how likely you are to recommend us"), due)


def due(engagement) -> list[dict]:
    """An ask for each person who is to be asked now."""
    return [
        {"page": "enablement:catalogue", "side": Side.CUSTOMER, "user": user}
        for user in satisfaction.asked(engagement)
    ]
