"""Asks: what an engagement needs now, and from whom."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from engagements import gates, pages, production, signoffs
from engagements.models import Ask, Side, Signoff
from engagements.phases import Phase

SENTENCES = {
    "requirement.write": _("Write down the requirement"),
    "signoff.sign": _("Sign: %(what)s"),
    "waiver.grant": _("Grant or leave the waiver of “%(check)s”"),
    "change.decide": _("Decide the change request"),
    "item.do": _("%(title)s"),
    "milestone.rate": _("Say how satisfied you are with “%(title)s”"),
    "gate.move": _("Move on to “%(phase)s”"),
    "check.meet": _("%(check)s: %(words)s"),
}
_more = []
# What these checks wait for is asked of each person or item by itself.
ASKED_ONE_BY_ONE = {
    "engagements.contract_signed",
    "engagements.go_live_signed",
    "engagements.items_done",
}


def of(engagement, gate) -> list[Ask]:
    """Return what the engagement needs now as unsaved rows, the most pressing kinds first."""
    parts = (_requirement, _signatures, _waivers, _changes, *_more, _items, _ratings, _moves)
    return [ask for part in parts for ask in part(engagement, gate)]


def register(part, **sentences) -> None:
    """Let an app above ask too: `part(engagement, gate)` yields what `make` gives.

    `sentences` are its words by kind, with `__` for the dot of the kind.
    """
    if part not in _more:
        _more.append(part)
    SENTENCES.update({kind.replace("__", "."): words for kind, words in sentences.items()})


def asks_for(user, side=None):
    """Asks of one person: those that name them, and those of anybody of their side.

    For the vendor the latter are of the engagements they look after, or that nobody does.
    """
    side = side or Side.of(user)
    anybody = Q(user=None, side=side)
    if side == Side.VENDOR:
        manager = "engagement__account_manager"
        nobody = Q(**{manager: None}) | Q(**{f"{manager}__is_active": False})
        anybody &= Q(**{manager: user}) | nobody
    return Ask.objects.for_lists().filter(Q(user=user, side=side) | anybody)


def sentence(ask) -> str:
    """Put an ask into words."""
    params = dict(ask.params)
    if "phase" in params:
        params["phase"] = Phase(params["phase"]).label
    if "what" in params:
        params["what"] = Signoff.Kind(params["what"]).label
    if "check" in params:
        params["check"] = production.title_of(params["check"], params.get("model", ""))
    return str(SENTENCES[ask.kind]) % params


def make(engagement, kind, page, side, user=None, due_on=None, url="", **params):
    """Return an ask as an unsaved row; `page` is the name of an engagement's page."""
    return Ask(
        engagement=engagement,
        kind=kind,
        params=params,
        url=url or pages.url(page, engagement),
        side=side,
        user=user,
        due_on=due_on,
    )


def _requirement(engagement, gate):
    """Once one side has signed the requirement, somebody of the other one."""
    kind = Signoff.Kind.REQUIREMENT
    signed = {one.side for one in signoffs.standing(engagement, kind)}
    if len(signed) == 1:
        side = Side.CUSTOMER if Side.VENDOR in signed else Side.VENDOR
        yield make(engagement, "signoff.sign", "engagements:requirement", side, what=kind.value)


def _signatures(engagement, gate):
    """Each decider who has not signed what is asked for in this phase."""
    for kind in (Signoff.Kind.CONTRACT, Signoff.Kind.GO_LIVE):
        if signoffs.statement(engagement, kind) is None:
            continue
        for one in signoffs.waited_for(engagement, kind):
            page = "engagements:contract"
            yield make(engagement, "signoff.sign", page, one.side, one.user, what=kind.value)


def _waivers(engagement, gate):
    """Waivers somebody asked for: the other side is asked, anybody else may grant them."""
    of_gate = {check.key for check in gate.checks}
    asked = engagement.waivers.filter(granted_by=None).exists()
    guards = production.waivable(engagement) if asked else []
    others = [one for one in guards if one.key not in of_gate]
    for check in [*gate.checks, *others]:
        if check.waiver and not check.met and not check.waived:
            asker = check.waiver.created_by
            side = Side.CUSTOMER if Side.of(asker) == Side.VENDOR else Side.VENDOR
            page = "engagements:overview" if check.key in of_gate else "engagements:go_live"
            about = {"model": check.candidate_label} if check.candidate_label else {}
            yield make(engagement, "waiver.grant", page, side, check=check.key, **about)


def _changes(engagement, gate):
    for change in engagement.change_requests.undecided():
        side = Side.CUSTOMER if change.side == Side.VENDOR else Side.VENDOR
        yield make(engagement, "change.decide", "engagements:requirement", side)


def _items(engagement, gate):
    """Open action items of this phase and earlier ones whose needs are done."""
    until = engagement.phases[: engagement.phases.index(engagement.phase) + 1]
    items = engagement.actionitems.still_open().filter(
        iteration=engagement.iteration, phase__in=until
    )
    for item in items.select_related("assignee").prefetch_related("needs"):
        if not any(one.is_open for one in item.needs.all()):
            who = {"user": item.assignee, "due_on": item.due_on}
            page = "engagements:plan"
            yield make(engagement, "item.do", page, item.side, **who, title=item.title)


def _ratings(engagement, gate):
    reached = engagement.milestones.filter(is_private=False, reached_at__isnull=False)
    for milestone in reached.filter(ratings=None, iteration=engagement.iteration):
        page, title = "engagements:plan", milestone.title
        yield make(engagement, "milestone.rate", page, Side.CUSTOMER, title=title)


def _moves(engagement, gate):
    """Move on, or see to the first unmet check that nobody else is asked about."""
    overview = "engagements:overview"
    waiting = [check for check in gate.unmet if check.key not in ASKED_ONE_BY_ONE]
    if gate.is_open:
        yield make(engagement, "gate.move", overview, Side.VENDOR, phase=gate.to.value)
    elif engagement.requirement is None:
        yield make(engagement, "requirement.write", "engagements:requirement", Side.VENDOR)
    elif waiting:
        first = waiting[0]
        words = {"check": first.key, "words": str(first.finding.words)}
        side, url = gates.side_of(first.key), first.finding.url
        yield make(engagement, "check.meet", overview, side, url=url, **words)
