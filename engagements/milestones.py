"""Writes on milestones and decisions, and how customers rate what was reached."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import mails, pages, timeline
from engagements.models import Decision, Milestone, Rating, Side
from lepton.lib.refusals import Conflict


def add_milestone(engagement, title, *, by, **fields):
    """Set a date to look forward to, in the present phase unless `phase` says another."""
    milestone = _placed(Milestone, engagement, title, by, fields)
    with transaction.atomic():
        milestone.save(force_insert=True)
        _tell("milestone.added", milestone, by)
    return milestone


def reach_milestone(milestone, *, by):
    """Note that it is reached; the customer is then asked to rate it."""
    reached = {"reached_at": timezone.now(), "reached_by_label": by.actor_label}
    with transaction.atomic():
        if not Milestone.objects.filter(pk=milestone.pk, reached_at=None).update(**reached):
            raise Conflict(_("This milestone was reached already."))
        milestone.refresh_from_db()
        mailed = mails.ask_to_rate(milestone, by=by)
        _tell("milestone.reached", milestone, by, mailed=mailed)
    return milestone


def rate_milestone(milestone, *, score, by, comment=""):
    """Say how satisfied one is, from 1 to 5: members of the customer, each once a milestone."""
    if not isinstance(by, User) or Side.of(by) != Side.CUSTOMER:
        raise ValidationError(_("Only members of the customer rate a milestone."))
    if milestone.reached_at is None:
        raise ValidationError(_("This milestone is not reached yet."))
    rating = Rating(milestone=milestone, score=score, comment=comment.strip(), **author(by))
    rating.clean_fields(exclude=["tenant", "milestone", "created_by"])
    with transaction.atomic():
        try:
            with transaction.atomic():
                rating.save(force_insert=True)
        except IntegrityError:
            raise Conflict(_("You have rated this milestone already.")) from None
        _tell("milestone.rated", milestone, by, score=score)
    return rating


def record_decision(engagement, title, *, reason, by, replaces=None, **fields):
    """Keep what was decided and why; it may replace an earlier decision, which stays readable."""
    fields |= {"reason": reason, "replaces": replaces}
    decision = _placed(Decision, engagement, title, by, fields)
    if decision.is_private and replaces and not replaces.is_private:
        words = _("A decision that both sides know cannot be replaced by a private one.")
        raise ValidationError({"is_private": words})
    with transaction.atomic():
        try:
            with transaction.atomic():
                decision.save(force_insert=True)
        except IntegrityError:
            raise Conflict(_("That decision was replaced already.")) from None
        _tell("decision.recorded", decision, by)
    return decision


def _placed(model, engagement, title, by, fields):
    """A row of the present phase and iteration; the customer cannot make private ones."""
    placed = {"iteration": engagement.iteration, "phase": engagement.phase}
    row = model(engagement=engagement, title=title, **placed | fields, **author(by))
    if row.is_private and Side.of_actor(by) == Side.CUSTOMER:
        raise ValidationError({"is_private": _("Only the vendor keeps private notes.")})
    if row.phase not in engagement.phases:
        raise ValidationError({"phase": _("This engagement does not go through that phase.")})
    row.full_clean(exclude=["tenant", "engagement", "created_by", "replaces", "reached_at"])
    return row


def _tell(kind, row, by, mailed=None, **words):
    url = pages.url("engagements:plan", row.engagement)
    title = {"title": row.title, **words}
    timeline.record(row.engagement, kind, by=by, url=url, is_private=row.is_private, **title)
    audit.record(kind, row, by=by, **words, **(mailed or {}))
