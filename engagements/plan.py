"""Writes on action items: what each side has to do, and what waits for what."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Membership, User, author
from engagements import cycles, mails, pages, standing, timeline
from engagements.models import ActionDependency, ActionItem, Engagement, Side
from lepton.lib import live
from lepton.lib.refusals import Conflict

SET_BY_US = ("tenant", "engagement", "created_by")


def add_item(engagement, title, *, side, by, needs=(), **fields):
    """Plan something that a side has to do; `fields` are those of ActionItem.

    It stands in the engagement's present phase and iteration unless `phase` says another one.
    """
    item = ActionItem(
        engagement=engagement,
        title=title,
        side=side,
        iteration=engagement.iteration,
        **{"phase": engagement.phase} | fields,
        **author(by),
    )
    _refuse_wrong(item, by)
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        item.save(force_insert=True)
        _link(item, needs, by)
        _tell("item.added", item, by, mailed=mails.ask_for_item(item, by=by))
    return item


def change_item(item, *, by, needs=None, **fields):
    """Change an open item: title, detail, phase, side, who, when, private, required, needs."""
    with transaction.atomic():
        Engagement.objects.locked(item.engagement_id)
        item = _open(item)
        _refuse_other_side(item, by)
        before = item.assignee_id
        for name, value in fields.items():
            setattr(item, name, value)
        _refuse_wrong(item, by)
        item.save(update_fields=list(fields) or None)
        if needs is not None:
            _unlink(item, by)
            _link(item, needs, by)
        changed = sorted([*fields, *(["needs"] if needs is not None else [])])
        given = item.assignee_id != before
        mailed = mails.ask_for_item(item, by=by) if given else {}
        live.look_again(item.tenant_id, item.engagement.topic)
        standing.refresh_on_commit(item.engagement)
        audit.record("item.changed", item, by=by, changed=changed, **mailed)
    return item


def complete_item(item, *, by):
    """Note that it is done: by a person of the side that owes it, once what it needs is done."""
    with transaction.atomic():
        Engagement.objects.locked(item.engagement_id)
        item = _open(item)
        _refuse_unless_owed(item, by)
        if waiting := list(item.needs.still_open()):
            raise Conflict(_("First this has to be done: %s.") % _named(waiting, by))
        item.done_at, item.done_by_label = timezone.now(), by.actor_label
        item.save(update_fields=["done_at", "done_by_label"])
        _tell("item.done", item, by)
    return item


def reopen_item(item, *, by):
    """Take back that it was done, by the side that owes it, or dropped, by whoever may drop it."""
    blank = {"done_at": None, "done_by_label": "", "dropped_at": None, "dropped_reason": ""}
    with transaction.atomic():
        Engagement.objects.locked(item.engagement_id)
        item.refresh_from_db()
        _refuse_other_side(item, by)
        if item.is_open:
            raise Conflict(_("It is open already."))
        if item.done_at:
            _refuse_unless_owed(item, by)
        ActionItem.objects.filter(pk=item.pk).update(**blank)
        item.refresh_from_db()
        _tell("item.reopened", item, by)
    return item


def drop_item(item, *, reason, by):
    """Note that it is no longer needed, and why; it then holds nothing up."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it is no longer needed.")})
    with transaction.atomic():
        Engagement.objects.locked(item.engagement_id)
        item = _open(item)
        _refuse_other_side(item, by)
        item.dropped_at, item.dropped_reason = timezone.now(), reason.strip()
        item.save(update_fields=["dropped_at", "dropped_reason"])
        _tell("item.dropped", item, by, reason=item.dropped_reason)
    return item


def possible_assignees() -> list[User]:
    """Who can be given an action item: the tenant's members and the vendor's staff."""
    members = Membership.objects.by_name().filter(user__is_active=True)
    staff = User.objects.filter(is_active=True).exclude(staff_role="").order_by("name", "email")
    return [*(one.user for one in members), *staff]


def _named(items, by):
    """Action items by their titles; to the customer, private ones are not named."""
    return ", ".join(dict.fromkeys(f"“{_shown(one, by)}”" for one in items))


def _shown(item, by):
    hides = item.is_private and Side.of_actor(by) == Side.CUSTOMER
    return _("something that the vendor does") if hides else item.title


def _open(item):
    found = ActionItem.objects.select_for_update(no_key=True, of=("self",)).get(pk=item.pk)
    if not found.is_open:
        raise Conflict(_("“%s” is closed already: look again.") % found.title)
    return found


def _refuse_wrong(item, by):
    if Side.of_actor(by) == Side.CUSTOMER and (item.is_private or item.side == Side.VENDOR):
        raise ValidationError({"side": _("You can plan what your own side has to do.")})
    if item.is_private and item.side == Side.CUSTOMER:
        words = _("What the customer has to do cannot be private.")
        raise ValidationError({"is_private": words})
    if item.phase not in item.engagement.phases:
        raise ValidationError({"phase": _("This engagement does not go through that phase.")})
    if item.assignee_id and item.assignee not in possible_assignees():
        raise ValidationError({"assignee": _("They are not a member of this tenant.")})
    if item.assignee_id and Side.of(item.assignee) != item.side:
        raise ValidationError({"assignee": _("They are not of the side that has to do it.")})
    item.full_clean(exclude=[*SET_BY_US, "assignee", "done_at", "dropped_at"])


def _refuse_other_side(item, by):
    """The vendor plans what either side has to do, the customer their own."""
    if Side.of_actor(by) != Side.VENDOR and item.side == Side.VENDOR:
        raise ValidationError(_("This is for the vendor to do."))


def _refuse_unless_owed(item, by):
    """Who owes something says that it is done, in person: no side does so for the other."""
    _refuse_other_side(item, by)
    if not isinstance(by, User) or Side.of(by) != item.side:
        raise ValidationError(_("This is for the customer to do: one of their people says so."))


def _unlink(item, by):
    """Let it wait for nothing; what the customer cannot see, they cannot take away."""
    hides = Side.of_actor(by) == Side.CUSTOMER
    item.dependencies.filter(**{"needs__is_private": False} if hides else {}).delete()


def _link(item, needs, by):
    """Let `item` wait for `needs`, unless they wait for it in the end."""
    known = {one.pk: one for one in item.engagement.actionitems.all()}
    if strangers := [one for one in needs if one.pk not in known]:
        raise ValidationError({"needs": _("“%s” is of another engagement.") % strangers[0].title})
    links = ActionDependency.objects.filter(item__engagement=item.engagement)
    waits = {}
    for pk, needed in [
        *links.values_list("item_id", "needs_id"),
        *((item.pk, n.pk) for n in needs),
    ]:
        waits.setdefault(pk, []).append(needed)
    if cycle := cycles.find(waits):
        words = _("These would wait for each other: %s.")
        names = " → ".join(_shown(known[pk], by) for pk in cycle)
        raise ValidationError({"needs": words % names})
    ActionDependency.objects.bulk_create(ActionDependency(item=item, needs=one) for one in needs)


def _tell(kind, item, by, mailed=None, **words):
    url = pages.url("engagements:plan", item.engagement)
    title = {"title": item.title, **words}
    timeline.record(item.engagement, kind, by=by, url=url, is_private=item.is_private, **title)
    facts = {} if item.is_private else words
    audit.record(kind, item, by=by, **facts, **(mailed or {}))
