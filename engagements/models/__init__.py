"""Models of the record, one file per noun."""

from engagements.models.contract import AcceptanceContract, Decider, Outcome, Side, Verdict
from engagements.models.engagement import Engagement, Requirement, TimelineEntry
from engagements.models.gate import PhaseRecord, Waiver
from engagements.models.signoff import Signoff

__all__ = [
    "AcceptanceContract",
    "Decider",
    "Engagement",
    "Outcome",
    "PhaseRecord",
    "Requirement",
    "Side",
    "Signoff",
    "TimelineEntry",
    "Verdict",
    "Waiver",
]
