"""What a webhook can be told of, and which timeline entries that are."""

from django.utils.translation import gettext_lazy as _

TEST = "webhook.test"  # goes to one webhook at the press of a button; nobody chooses it

KINDS = {
    "phase.moved": _("The engagement moved to another phase"),
    "requirement.written": _("A version of the requirement was written"),
    "contract.frozen": _("A version of the acceptance contract was frozen"),
    "verdict.given": _("A model was judged by the contract"),
    "signoff.signed": _("Somebody signed"),
    "signoff.revoked": _("Somebody took a signature back"),
    "waiver.requested": _("A waiver was asked for"),
    "waiver.granted": _("A waiver was granted"),
    "run.queued": _("A run was queued"),
    "run.succeeded": _("A run succeeded"),
    "run.failed": _("A run failed"),
    "run.cancelled": _("A run was cancelled"),
    "deployment.live": _("A model version was deployed"),
    "deployment.rolled_back": _("An endpoint was rolled back"),
    "deployment.failed": _("A model version did not load"),
    "data_iteration.promoted": _("A challenger was promoted"),
    "data_iteration.kept": _("A challenger was not promoted"),
    "data_iteration.demoted": _("A promoted model was rolled back by itself"),
    "data_iteration.failed": _("A data iteration failed"),
    "canary.rolled_back": _("A canary was rolled back by a guard"),
    "alert.fired": _("An alert fired"),
    "alert.acknowledged": _("Somebody looks after an alert"),
    "alert.resolved": _("An alert is over"),
    "ticket.opened": _("A support ticket was opened"),
    "ticket.answered": _("The vendor answered a support ticket"),
    "ticket.replied": _("The customer replied in a support ticket"),
    "ticket.resolved": _("A support ticket was resolved"),
    "ticket.reopened": _("A support ticket was reopened"),
}

# Where the timeline has another word for it, or several.
TOLD_AS = {
    "engagement.advanced": "phase.moved",
    "verdict.pass": "verdict.given",
    "verdict.fail": "verdict.given",
    "verdict.inconclusive": "verdict.given",
    "model.deployed": "deployment.live",
    "model.rolled_back": "deployment.rolled_back",
}


def told_as(timeline_kind: str) -> str | None:
    """Return the kind that webhooks know a timeline entry by, or None if they are not told."""
    kind = TOLD_AS.get(timeline_kind, timeline_kind)
    return kind if kind in KINDS else None
