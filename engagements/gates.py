"""Gates: every phase is left through checks on live rows, each registered by the app that owns it.

def find(engagement) -> Finding: …
gates.register("serving.endpoint_live", _("The endpoint answers"), [Phase.DEPLOYMENT], find)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from engagements.models import Engagement, Side, Waiver
from engagements.phases import ORDER, Phase, following
from lepton.lib.refusals import Conflict


class Finding(NamedTuple):
    """What a check found: whether it holds, in words, with numbers, and where to look."""

    met: bool
    words: str
    evidence: dict = {}
    url: str = ""


class Check(NamedTuple):
    """One fact that phases are guarded by."""

    key: str
    title: str  # translated when shown
    phases: frozenset[Phase]
    find: Callable[[Engagement], Finding]
    side: Side = Side.VENDOR  # of who can do something about it
    candidate_id: UUID | None = None  # the model version it is about, where it is about one
    candidate_label: str = ""


@dataclass(frozen=True)
class Checked:
    """A check with what it found, and its waiver if somebody asked for one."""

    key: str
    title: str
    finding: Finding
    waiver: Waiver | None = None
    candidate_id: UUID | None = None
    candidate_label: str = ""

    @property
    def met(self) -> bool:
        return self.finding.met

    @property
    def waived(self) -> bool:
        return not self.met and self.waiver is not None and self.waiver.is_granted

    @property
    def holds_up(self) -> bool:
        return not self.met and not self.waived

    @property
    def evidence(self) -> list[tuple]:
        return sorted(self.finding.evidence.items())

    def snapshot(self) -> dict:
        """Return it as data, to be kept."""
        data = {"key": self.key, "title": str(self.title), **self.finding._asdict()}
        data["words"] = str(data["words"])
        if self.waived:
            waiver = self.waiver
            data["waiver"] = {
                "reason": waiver.reason,
                "asked_by": waiver.created_by_label,
                "granted_by": waiver.granted_by_label,
            }
        return data


@dataclass(frozen=True)
class Gate:
    """The gate of the phase an engagement is in."""

    phase: Phase
    to: Phase
    starts_again: bool
    checks: list[Checked] = field(default_factory=list)

    @property
    def unmet(self) -> list[Checked]:
        """Those that hold the engagement up."""
        return [check for check in self.checks if check.holds_up]

    @property
    def waivable(self) -> list[Checked]:
        """The unmet ones nobody has asked to waive yet."""
        return [check for check in self.unmet if check.waiver is None]

    @property
    def is_open(self) -> bool:
        return not self.unmet

    @property
    def why_not(self) -> str:
        """Why the engagement cannot move on, in a sentence; empty when it can."""
        return " ".join(f"{check.title}: {check.finding.words}" for check in self.unmet)


_checks: dict[str, Check] = {}


def register(key: str, title: str, phases: Iterable[Phase], find, side=Side.VENDOR) -> None:
    """Guard `phases` by a check; `title` is lazily translated, `find` looks at live rows.

    `side` is that of the people who can do something about it.
    """
    _checks[key] = Check(key, title, frozenset(phases), find, side)


def title_of(key: str) -> str:
    """Return the title of a check; one that is gone is called by its key."""
    return str(_checks[key].title) if key in _checks else key


def side_of(key: str) -> Side:
    """Return the side whose people can do something about a check."""
    return _checks[key].side


def checks_of(phase: str) -> list[Check]:
    """Return the checks of a phase, in the order the apps registered them."""
    return [check for check in _checks.values() if phase in check.phases]


def unguarded() -> list[Phase]:
    """Name the phases without a check (there should be none)."""
    return [phase for phase in ORDER if not checks_of(phase)]


def look(engagement) -> Gate:
    """Look at the gate of the phase an engagement is in, as the facts are now."""
    to, round_ = following(engagement.phases, engagement.phase)
    checks = looked_at(engagement, checks_of(engagement.phase))
    return Gate(Phase(engagement.phase), to, bool(round_), checks)


def looked_at(engagement, checks: Iterable[Check]) -> list[Checked]:
    """Look at these checks as the facts are now, with the waivers of the present phase."""
    asked = {(w.check_key, w.candidate_id): w for w in Waiver.objects.of_this_gate(engagement)}
    return [
        Checked(
            check.key,
            check.title,
            check.find(engagement),
            asked.get((check.key, check.candidate_id)),
            check.candidate_id,
            check.candidate_label,
        )
        for check in checks
    ]


def in_words(check: Checked) -> str:
    """Name a check and what it found."""
    return _("%(check)s: %(words)s") % {"check": check.title, "words": check.finding.words}


def refuse_unless_open(gate: Gate) -> None:
    """Raise Conflict naming each unmet check."""
    refuse_unless_held(gate.checks)


def refuse_unless_held(checks: list[Checked]) -> None:
    """Raise Conflict naming each of these checks that is neither met nor waived."""
    missing = [check for check in checks if check.holds_up]
    if not missing:
        return
    unmet = [
        {"check": c.key, "title": str(c.title), "words": str(c.finding.words), "url": c.finding.url}
        for c in missing
    ]
    raise Conflict([in_words(check) for check in missing], unmet=unmet)
