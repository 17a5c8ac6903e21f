"""Asks customers on the cadence how likely they are to recommend us."""

from django.utils.translation import gettext_lazy as _

from enablement import satisfaction
from engagements import asks
from engagements.models import Side


def register():
    """Let those who are due be asked."""
    asks.register(due, survey__answer=_("Say how likely you are to recommend us"))


def due(engagement, gate):
    """An ask for each person who is to be asked now."""
    page = "enablement:catalogue"
    for user in satisfaction.asked(engagement):
        yield asks.make(engagement, "survey.answer", page, Side.CUSTOMER, user)
