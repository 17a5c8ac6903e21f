"""Templates: the vendor's plans, and how a new iteration is planned by one."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import PlatformAuditEntry, author
from engagements import cycles, response
from engagements.models import ActionDependency, ActionItem, EngagementTemplate, Milestone, Side
from engagements.models.template import DRILL_DAYS
from engagements.phases import ORDER, Phase


def plan(engagement, *, by, iteration=1):
    """Write down what the engagement's template plans for an iteration; nothing without one.

    The template may have changed since: phases that the engagement leaves out are left out.
    """
    template = engagement.template
    if template is None:
        return
    placed = {"engagement": engagement, "iteration": iteration, **author(by)}
    rows = [row for row in template.items if row["phase"] in engagement.phases]
    made = {row["key"]: _item(row, placed) for row in rows}
    ActionItem.objects.bulk_create(made.values())
    links = [(made[r["key"]], made[key]) for r in rows for key in r["after"] if key in made]
    ActionDependency.objects.bulk_create(ActionDependency(item=a, needs=b) for a, b in links)
    goals = [row for row in template.milestones if row["phase"] in engagement.phases]
    Milestone.objects.bulk_create(_milestone(row, placed) for row in goals)


def save_template(
    key,
    *,
    name,
    phases,
    items,
    milestones,
    by,
    description="",
    drill_days=DRILL_DAYS,
    response_hours=None,
):
    """Write a template anew or change it; engagements that were opened with it stay as they are."""
    if not by.is_account_manager:
        raise ValidationError(_("Only account managers change templates."))
    template = EngagementTemplate.objects.filter(key=key).first() or EngagementTemplate(
        key=key, created_by=by
    )
    template.name, template.description = name, description
    template.drill_days = drill_days
    template.phases, template.milestones = _in_order(phases), milestones
    if response_hours is not None:
        template.response_hours = response.checked(response_hours)
    template.items = _checked(items, template.phases)
    _refuse_other_phases(milestones, template.phases, "milestones")
    template.full_clean(
        exclude=["created_by", "items", "milestones", "retired_at", "response_hours"]
    )
    with transaction.atomic():
        try:
            template.save()
        except IntegrityError:
            raise ValidationError({"key": _("There is a template of this name.")}) from None
        _note("template.saved", template, by)
    return template


def retire_template(template, *, by):
    """Offer a template no longer; saying so twice changes nothing."""
    if not by.is_account_manager:
        raise ValidationError(_("Only account managers change templates."))
    with transaction.atomic():
        standing = EngagementTemplate.objects.filter(pk=template.pk, retired_at=None)
        if standing.update(retired_at=timezone.now()):
            _note("template.retired", template, by)


def _note(verb, template, by):
    detail = {"key": template.key, "name": template.name}
    PlatformAuditEntry.objects.create(user=by, verb=verb, detail=detail)


def _in_order(phases):
    if unknown := sorted(set(phases) - set(Phase.values)):
        raise ValidationError({"phases": _("Unknown phase: %s.") % ", ".join(unknown)})
    if len(set(phases)) < 2:
        raise ValidationError({"phases": _("Choose at least two phases.")})
    return [phase.value for phase in ORDER if phase in phases]


def _checked(items, phases):
    keys = [row["key"] for row in items]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValidationError({"items": _("“%s” is there twice.") % twice[0]})
    _refuse_other_phases(items, phases, "items")
    for row in items:
        if row["is_private"] and row["side"] == Side.CUSTOMER:
            words = _("“%s” is for the customer to do, so it cannot be private.") % row["title"]
            raise ValidationError({"items": words})
        if unknown := [key for key in row["after"] if key not in keys]:
            words = _("“%(title)s” waits for “%(key)s”, which is not there.")
            raise ValidationError({"items": words % {"title": row["title"], "key": unknown[0]}})
    titles = {row["key"]: row["title"] for row in items}
    if cycle := cycles.find({row["key"]: row["after"] for row in items}):
        words = _("These wait for each other: %s.") % " → ".join(titles[key] for key in cycle)
        raise ValidationError({"items": words})
    return items


def _refuse_other_phases(rows, phases, field):
    for row in rows:
        if row["phase"] not in phases:
            words = _("“%s” is in a phase that this template leaves out.") % row["title"]
            raise ValidationError({field: words})


def _item(row, placed):
    return ActionItem(
        title=row["title"],
        phase=row["phase"],
        side=row["side"],
        is_private=row["is_private"],
        is_required=row["is_required"],
        due_on=_in_days(row["due_days"]),
        **placed,
    )


def _milestone(row, placed):
    names = ("title", "phase", "is_private")
    facts = {name: row[name] for name in names}
    return Milestone(due_on=_in_days(row["due_days"]), **facts, **placed)


def _in_days(days):
    return None if days is None else timezone.localdate() + timedelta(days=days)
