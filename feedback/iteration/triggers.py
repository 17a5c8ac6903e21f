"""What starts a data iteration, and what holds it up.

An app that notices a reason registers it in its `ready()`:
def find(engagement, policy, since) -> str | None: …  # words for people, or None
triggers.register("drift", _("Drift"), find)
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.iteration import realised
from feedback.iteration.models import DataIteration
from feedback.receipts.models import Receipt
from training.models import Import

HAND = "hand"
DAY = timedelta(days=1)


class Trigger(NamedTuple):
    """A reason to start: `find(engagement, policy, since)` says it in words, or None."""

    key: str
    title: str
    find: Callable[..., str | None]


class Block(NamedTuple):
    """What holds an iteration up, and until when where that is known."""

    words: str
    until: object = None
    is_for_hand: bool = True  # it holds up people too, not only what starts by itself


_triggers: dict[str, Trigger] = {}


def register(key: str, title: str, find) -> None:
    """Let `find` start data iterations wherever the policy lets them start by themselves."""
    _triggers[key] = Trigger(key, title, find)


def title_of(key: str) -> str:
    """The words for a trigger."""
    return str(_triggers[key].title) if key in _triggers else _("By hand")


def found(engagement, policy) -> tuple[str, str] | None:
    """Return the first trigger that has a reason now, with its words, or None."""
    last = engagement.data_iterations.newest_first().first()
    since = last.created_at if last else None
    for one in _triggers.values():
        if words := one.find(engagement, policy, since):
            return one.key, words
    return None


def corrections(engagement, policy, since) -> str | None:
    """Enough corrections were accepted that no dataset version has taken up."""
    n = waiting(engagement).filter(is_correction=True).count()
    if n < policy.least_corrections:
        return None
    return ngettext("%s accepted correction", "%s accepted corrections", n) % n


def schedule(engagement, policy, since) -> str | None:
    """So many days went by since the last one, or since the policy was set."""
    if policy.every_days is None or not waiting(engagement).exists():
        return None
    due = scheduled_at(policy, since)
    words = ngettext("every %s day", "every %s days", policy.every_days)
    return words % policy.every_days if due <= timezone.now() else None


def scheduled_at(policy, since):
    """When the schedule starts the next one."""
    return (since or policy.created_at) + policy.every_days * DAY


def accuracy_drop(engagement, policy, since) -> str | None:
    """Accuracy in use is surely below the interval that the test split promised."""
    endpoint = engagement.endpoints.first()
    champion = endpoint and endpoint.champion and endpoint.champion.model_version
    test = champion and champion.test_evaluation
    found = test and realised.accuracy(engagement, champion)
    if not found or found["high"] >= test.accuracy_low or not waiting(engagement).exists():
        return None
    words = _("accuracy in use is at most %(high)s, the test promised %(low)s")
    return words % {"high": f"{found['high']:.1%}", "low": f"{test.accuracy_low:.1%}"}


def waiting(engagement):
    """Accepted labels that no dataset version has taken up."""
    return Receipt.objects.waiting().filter(engagement=engagement)


def blocks(engagement, policy) -> list[Block]:
    """Return what holds the next data iteration up, the first thing to mend first."""
    rows = [_no_champion(engagement), _under_way(engagement), _importing(engagement)]
    rows += [_nothing(engagement), _budget(engagement, policy), _cooling(engagement, policy)]
    return [one for one in rows if one]


def _no_champion(engagement):
    endpoint = engagement.endpoints.first()
    champion = endpoint and endpoint.champion
    if champion is None:
        return Block(_("No model version answers yet: deploy one first."))
    if champion.model_version.test_evaluation is None:
        return Block(_("What answers was never measured on a test split."))
    if (
        not endpoint.keeps_inputs
        and not waiting(engagement).exclude(prediction__input_key="").exists()
    ):
        return Block(_("The endpoint does not keep what clients send, so nothing can be learned."))
    return None


def _under_way(engagement):
    one = engagement.data_iterations.under_way().first()
    return Block(_("%s is under way.") % _name(one)) if one else None


def _importing(engagement):
    open_ = Import.objects.filter(dataset__engagement=engagement).exclude(state__in=Import.ENDED)
    return Block(_("An import is under way.")) if open_.exists() else None


def _nothing(engagement):
    if waiting(engagement).exists():
        return None
    return Block(_("No accepted answer waits to be taken up: review some predictions."))


def _budget(engagement, policy):
    today = engagement.data_iterations.filter(
        run__isnull=False, created_at__gt=timezone.now() - DAY
    ).order_by("created_at")
    if len(today) < policy.runs_per_day:
        return None
    until = today[len(today) - policy.runs_per_day].created_at + DAY
    words = ngettext(
        "The budget of %(n)s run a day is used up until %(time)s (UTC).",
        "The budget of %(n)s runs a day is used up until %(time)s (UTC).",
        policy.runs_per_day,
    )
    return Block(words % {"n": policy.runs_per_day, "time": _utc(until)}, until)


def _cooling(engagement, policy):
    last = engagement.data_iterations.exclude(state=DataIteration.State.NOTHING)
    last = last.newest_first().first()
    until = last and last.created_at + timedelta(hours=policy.cooldown_hours)
    if not until or until <= timezone.now():
        return None
    words = _("It cools down until %s (UTC); by hand it can be started.")
    return Block(words % _utc(until), until, is_for_hand=False)


def _utc(moment) -> str:
    return date_format(moment, "Y-m-d H:i")


def _name(iteration) -> str:
    return _("Data iteration %s") % iteration.number


register("count", gettext_lazy("Enough corrections"), corrections)
register("schedule", gettext_lazy("Schedule"), schedule)
register("accuracy_drop", gettext_lazy("Accuracy in use fell"), accuracy_drop)
