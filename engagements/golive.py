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
    counted = [one for one in rows if gate or not live or one["guards"]]
    return {
        "gate": gate,
        "rows": rows,
        "unmet": [one["check"] for one in counted if one["check"].holds_up],
        "is_now": gate is not None,
        "is_part": Phase.GO_LIVE in engagement.phases,
        "live": live,
        "signed": signoffs.signed_to_go_live(engagement),
        "waivable": gate or _guards(engagement),
    }


def row(check: Checked) -> dict:
    """A check with who can act on it, and whether it guards every later deployment."""
    sides = [gates.side_of(check.key).value] if check.key not in OF_BOTH else list(Side.values)
    return {"check": check, "sides": sides, "guards": check.key in production.guards()}


def gone_live(engagement):
    """The record of the first time it went live, or None."""
    return engagement.phase_records.filter(phase=Phase.GO_LIVE).order_by("created_at").first()


def _guards(engagement) -> Gate | None:
    """Once it is live: what guards production, for this page to ask to waive."""
    found, phase = production.waivable(engagement), Phase(engagement.phase)
    return Gate(phase, phase, False, found) if found else None


def all_waivable(engagement) -> Gate:
    """The present gate, and beside its checks what guards production."""
    gate = gates.look(engagement)
    there = {check.key for check in gate.checks}
    more = [check for check in production.waivable(engagement) if check.key not in there]
    return replace(gate, checks=[*gate.checks, *more])
