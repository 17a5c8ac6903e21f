"""How each state looks: tone, icon and word, the same on every page."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Look(NamedTuple):
    """tone is neutral, accent, good, warn or bad; icon is a name in static/img/icons.svg."""

    tone: str
    icon: str
    label: str


LOOKS = {
    # runs
    "queued": Look("neutral", "circle-dashed", _("Queued")),
    "preparing": Look("accent", "spinner", _("Preparing")),
    "training": Look("accent", "spinner", _("Training")),
    "evaluating": Look("accent", "spinner", _("Evaluating")),
    "succeeded": Look("good", "check-circle", _("Succeeded")),
    "failed": Look("bad", "x-circle", _("Failed")),
    "cancelling": Look("neutral", "spinner", _("Cancelling")),
    "cancelled": Look("neutral", "slash", _("Cancelled")),
    # trials of a search
    "finished": Look("good", "check", _("Finished")),
    "pruned": Look("neutral", "slash", _("Stopped early")),
    # imports and what became of each file
    "uploading": Look("accent", "spinner", _("Uploading")),
    "running": Look("accent", "spinner", _("Running")),
    "checking": Look("accent", "spinner", _("Checking")),
    "accepted": Look("good", "check", _("Accepted")),
    "duplicate": Look("neutral", "copy", _("Duplicate")),
    "ignored": Look("neutral", "minus", _("Ignored")),
    "unknown_label": Look("warn", "tag", _("Unknown label")),
    "too_small": Look("warn", "image", _("Too small")),
    "too_large": Look("warn", "image", _("Too large")),
    "conflict": Look("warn", "alert", _("Label conflict")),
    "corrupt": Look("bad", "x-circle", _("Corrupt")),
    # model versions and deployments
    "loading": Look("accent", "spinner", _("Loading")),
    "live": Look("good", "live", _("Live")),
    "champion": Look("good", "star", _("Champion")),
    "challenger": Look("accent", "spark", _("Challenger")),
    "shadow": Look("neutral", "eye", _("Shadow")),
    "canary": Look("accent", "spark", _("Canary")),
    "stepped": Look("neutral", "arrow-right", _("Next step")),
    "promoted": Look("good", "rocket", _("Promoted")),
    "rolled_back": Look("bad", "rollback", _("Rolled back")),
    "retired": Look("neutral", "archive", _("Retired")),
    "stopped": Look("neutral", "stop", _("Stopped")),
    "frozen": Look("neutral", "lock", _("Frozen")),
    # feedback and the verdicts on it
    "confirm": Look("good", "check", _("Confirmed")),
    "correct": Look("warn", "edit", _("Corrected")),
    "reject": Look("bad", "x", _("Rejected")),
    # what becomes of feedback, and data iterations
    "gathering": Look("accent", "spinner", _("Gathering")),
    "judging": Look("accent", "spinner", _("Judging")),
    "shadowing": Look("accent", "eye", _("In the shadow")),
    "decision": Look("warn", "clock", _("Waits for a decision")),
    "kept": Look("neutral", "shield", _("Champion kept")),
    "demoted": Look("bad", "rollback", _("Demoted")),
    "nothing": Look("neutral", "minus", _("Nothing new")),
    # tickets
    "open": Look("accent", "ticket", _("Open")),
    "waiting": Look("neutral", "clock", _("Waits for the customer")),
    "resolved": Look("good", "check-circle", _("Resolved")),
    "reopened": Look("warn", "refresh", _("Reopened")),
    "high": Look("warn", "alert", pgettext_lazy("severity", "High")),
    "normal": Look("neutral", "circle", pgettext_lazy("severity", "Normal")),
    "low": Look("neutral", "info", pgettext_lazy("severity", "Low")),
    # decisions on model versions
    "approved": Look("good", "check-circle", _("Approved")),
    "rejected": Look("bad", "x-circle", _("Rejected")),
    # erasures
    "listed": Look("warn", "eye", _("Waits for a confirmation")),
    "withdrawn": Look("neutral", "rollback", _("Withdrawn")),
    "erased": Look("neutral", "trash", _("Erased")),
    # phases and gates
    "done": Look("good", "check", _("Done")),
    "current": Look("accent", "circle-half", _("Current")),
    "coming": Look("neutral", "circle", _("Coming")),
    "pass": Look("good", "check-circle", _("Pass")),
    "fail": Look("bad", "x-circle", _("Fail")),
    "inconclusive": Look("warn", "info", _("Inconclusive")),
    "blocked": Look("bad", "slash", _("Blocked")),
    # keys and members
    "active": Look("good", "check", _("Active")),
    "invited": Look("accent", "clock", _("Invited")),
    "expired": Look("warn", "clock", _("Expired")),
    "revoked": Look("neutral", "slash", _("Revoked")),
    # webhooks and their deliveries
    "paused": Look("neutral", "pause", _("Paused")),
    "pending": Look("accent", "clock", _("Pending")),
    "delivered": Look("good", "check-circle", _("Delivered")),
    # alerts and drift
    "firing": Look("bad", "bell", _("Firing")),
    "acknowledged": Look("warn", "eye", _("Acknowledged")),
    "silenced": Look("neutral", "pause", _("Silenced")),
    "drifted": Look("warn", "alert", _("Drifted")),
    "steady": Look("good", "check", _("No drift")),
    # severity
    "info": Look("neutral", "info", pgettext_lazy("severity", "Info")),
    "warning": Look("warn", "alert", _("Warning")),
    "critical": Look("bad", "alert", _("Critical")),
}


def look(state) -> Look:
    """The look of a state (a string or a TextChoices member); an unknown one is neutral."""
    name = str(getattr(state, "value", state)).lower()
    return LOOKS.get(name) or Look("neutral", "circle", name.replace("_", " ").capitalize())
