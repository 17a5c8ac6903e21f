"""The go-live page's facts: every check of the gate as it is now, whoever can act on it."""

from dataclasses import replace

from engagements import gates, production, signoffs
from engagements.gates import Checked, Gate
from engagements.models import Side
from engagements.phases import Phase

OF_BOTH = ("engagements.go_live_signed", "engagements.items_done")


def facts(engagement) -> dict:
    """The checks of going live, and where the engagement stands towards it.

    `unmet` are those that hold it up now: in its phase all of them, later the guards alone.
    """
    gate = gates.look(engagement) if engagement.phase == Phase.GO_LIVE else None
    checks = gate.checks if gate else gates.looked_at(engagement, gates.checks_of(Phase.GO_LIVE))
    rows, live = [row(check) for check in checks], gone_live(engagement)
    guards = production.waivable(engagement)
    versions = [one for one in guards if one.key == production.CANDIDATE and one.waiver]
    counted = [one for one in rows if gate or not live or one["guards"]]
    return {
        "gate": gate,
        "rows": rows + [row(one) for one in versions],
        "unmet": [one["check"] for one in counted if one["check"].holds_up],
        "is_now": gate is not None,
        "is_part": Phase.GO_LIVE in engagement.phases,
        "live": live,
        "signed": signoffs.signed_to_go_live(engagement),
        "waivable": _with(gate, guards) if gate else _guards(engagement, guards),
    }


def row(check: Checked) -> dict:
    """A check with who can act on it, and whether it guards every later deployment."""
    is_version = check.key == production.CANDIDATE
    side = Side.VENDOR if is_version else gates.side_of(check.key)
    sides = [side.value] if check.key not in OF_BOTH else list(Side.values)
    return {
        "check": check,
        "sides": sides,
        "guards": is_version or check.key in production.guards(),
    }


def gone_live(engagement):
    """The record of the first time it went live, or None."""
    return engagement.phase_records.filter(phase=Phase.GO_LIVE).order_by("created_at").first()


def _guards(engagement, found) -> Gate | None:
    """Once it is live: what guards production, for this page to ask to waive."""
    phase = Phase(engagement.phase)
    return Gate(phase, phase, False, found) if found else None


def all_waivable(engagement) -> Gate:
    """The present gate, and beside its checks what guards production."""
    return _with(gates.look(engagement), production.waivable(engagement))


def _with(gate, guards) -> Gate:
    there = {check.key for check in gate.checks}
    return replace(gate, checks=[*gate.checks, *(g for g in guards if g.key not in there)])
