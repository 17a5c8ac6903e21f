"""Models of the record, one file per noun."""

from engagements.models.change import ChangeRequest
from engagements.models.contract import AcceptanceContract, Decider, Outcome, Side, Verdict
from engagements.models.economics import RateCard, StaffTime
from engagements.models.engagement import Engagement, Requirement, TimelineEntry
from engagements.models.gate import PhaseRecord, Waiver
from engagements.models.iteration import Iteration
from engagements.models.pack import GoLivePack
from engagements.models.plan import (
    ActionDependency,
    ActionItem,
    Decision,
    Document,
    Milestone,
    Rating,
)
from engagements.models.signoff import Signoff
from engagements.models.standing import Ask, Standing
from engagements.models.template import EngagementTemplate
from engagements.models.webhook import Delivery, DeliveryAttempt, Event, Webhook

__all__ = [
    "AcceptanceContract",
    "ActionDependency",
    "ActionItem",
    "Ask",
    "ChangeRequest",
    "Decider",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "Document",
    "Engagement",
    "EngagementTemplate",
    "Event",
    "GoLivePack",
    "Iteration",
    "Milestone",
    "Outcome",
    "PhaseRecord",
    "RateCard",
    "Rating",
    "Requirement",
    "Side",
    "Signoff",
    "StaffTime",
    "Standing",
    "TimelineEntry",
    "Verdict",
    "Waiver",
    "Webhook",
]
