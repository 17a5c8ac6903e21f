"""What the pages of data iterations show."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from engagements import pages
from feedback.iteration import forms, policies, services, shown, slices, triggers
from feedback.iteration.models import DataIteration

LISTED = 20


def iteration_of(engagement, number) -> DataIteration:
    """Return a data iteration of an engagement by its number, or raise Http404."""
    return get_object_or_404(engagement.data_iterations.newest_first(), number=number)


def policy_form(engagement, data=None) -> forms.PolicyForm:
    """The form of the policy as it stands, or as it was sent."""
    requirement = engagement.requirement
    classes = requirement.classes if requirement else []
    instance = policies.policy_of(engagement)
    choices = {"classes": classes, "slices": list(slices.offered(engagement))}
    return forms.PolicyForm(data, instance=instance, **choices)


def overview(engagement) -> dict:
    """What waits, what holds the next one up, the newest ones."""
    policy = policies.policy_of(engagement)
    waiting = triggers.waiting(engagement)
    rows = list(engagement.data_iterations.newest_first()[:LISTED])
    return {
        "engagement": engagement,
        "topic": services.topic_of(engagement),
        "policy": policy,
        "corrections": waiting.filter(is_correction=True).count(),
        "waiting": shown.waiting(waiting),
        "blocks": triggers.blocks(engagement, policy),
        "iterations": rows,
        "newest": rows[0] if rows else None,
        "passed": shown.steps(rows[0]) if rows else [],
    }


def whole(engagement, form) -> dict:
    """The context of the overview page."""
    return pages.frame(engagement, _("Data iteration")) | overview(engagement) | {"form": form}


def detail(row) -> dict:
    """The context of one iteration's live part."""
    found = shown.in_use(row)
    metrics = []
    if row.promoted_at:
        before = _("Accuracy in use before, %s") % row.champion
        after = _("Accuracy in use since, %s") % row.challenger
        pairs = ((before, found["before"]), (after, found["after"]))
        metrics = [shown.as_metric(label, one) for label, one in pairs]
    return {
        "engagement": row.engagement,
        "topic": services.topic_of(row.engagement),
        "row": row,
        "trigger": row.trigger_words or triggers.title_of(row.trigger),
        "passed": shown.steps(row),
        "card": shown.card(row),
        "metrics": metrics,
    }


def whole_detail(engagement, row, form) -> dict:
    """The context of one iteration's page."""
    trail = (_("Data iteration"), pages.url("feedback:data_iteration", engagement))
    row.engagement = engagement
    name = _("Data iteration %s") % row.number
    return pages.frame(engagement, trail, name) | detail(row) | {"form": form}
