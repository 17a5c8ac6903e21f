"""The production alias: from the first go-live on, what answers is moved only while checks hold.

Before that an endpoint is for trying: anything may be put in place. Rolling back is never refused.
"""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import gates, holdouts, judged, pages
from engagements.gates import Check, Checked, Finding
from engagements.models import Outcome, Verdict
from engagements.phases import Phase

CANDIDATE = "engagements.candidate"
CANDIDATE_TITLE = gettext_lazy("The version passed under the standing contract")
_keys: list[str] = []


def register(key: str) -> None:
    """Have a check of going live hold at every later move of the production alias, too."""
    if key not in _keys:
        _keys.append(key)


def guards() -> list[str]:
    """The checks of going live that hold at every later move."""
    return list(_keys)


def title_of(key: str, model: str = "") -> str:
    """The title of a check, that of a candidate's verdict too: of one `model` or of any."""
    if key == CANDIDATE and model:
        return _("%(model)s passed under the standing contract") % {"model": model}
    return str(CANDIDATE_TITLE) if key == CANDIDATE else gates.title_of(key)


def waivable(engagement) -> list[Checked]:
    """What may be waived outside the gates: that which guards a move of the production alias."""
    return [*checks(engagement), *candidates(engagement)] if is_live(engagement) else []


def candidates(engagement) -> list[Checked]:
    """Each measured model version that may not be put in place, with its waiver if there is one."""
    newest = Verdict.objects.newest_of_each(engagement.signed_contract)
    measured = {one.id: one.label for one in holdouts.candidates(engagement)}
    found = [
        Check(
            CANDIDATE,
            title_of(CANDIDATE, label),
            frozenset(),
            partial(_passed, verdict=newest.get(pk)),
            candidate_id=pk,
            candidate_label=label,
        )
        for pk, label in measured.items()
    ]
    return [check for check in gates.looked_at(engagement, found) if not check.met]


def is_live(engagement) -> bool:
    """Whether the engagement has gone live: its endpoint carries real business since then."""
    return engagement.phase_records.filter(phase=Phase.GO_LIVE).exists()


def checks(engagement, *, candidate_id=None) -> list[Checked]:
    """What guards the production alias now, with the verdict on a candidate where one is given."""
    kept = [check for check in gates.checks_of(Phase.GO_LIVE) if check.key in _keys]
    if candidate_id:
        find = partial(candidate_passed, candidate_id=candidate_id)
        first = Check(CANDIDATE, CANDIDATE_TITLE, frozenset(), find, candidate_id=candidate_id)
        kept.insert(0, first)
    return gates.looked_at(engagement, kept)


def refuse_unless_allowed(engagement, *, candidate_id) -> None:
    """Raise Conflict naming what stands against putting a model version into production."""
    if is_live(engagement):
        gates.refuse_unless_held(checks(engagement, candidate_id=candidate_id))


def candidate_passed(engagement, *, candidate_id) -> Finding:
    """The newest verdict on this model version under the signed contract is a pass."""
    return _passed(engagement, judged.verdict_on(engagement, candidate_id))


def _passed(engagement, verdict) -> Finding:
    url = pages.url("engagements:contract", engagement)
    if verdict is None:
        return Finding(False, _("It was not judged by the standing contract."), url=url)
    facts = {"model": verdict.candidate_label, "outcome": verdict.get_outcome_display()}
    words = _("%(model)s: %(outcome)s.") % facts
    return Finding(verdict.outcome == Outcome.PASS, words, facts, url)
