"""Models of the record, one file per noun."""

from engagements.models.contract import AcceptanceContract, Decider, Outcome, Side, Verdict
from engagements.models.engagement import Engagement, Requirement, TimelineEntry

__all__ = [
    "AcceptanceContract",
    "Decider",
    "Engagement",
    "Outcome",
    "Requirement",
    "Side",
    "TimelineEntry",
    "Verdict",
]
