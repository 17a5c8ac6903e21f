"""The lamp over the line fails and is replaced: what the camera sees drifts, and drifts back."""

from lepton.demo import line
from lepton.demo.client import Refused


def be_watched(stage):
    """A worker looks at the rules that came with the first deployment."""
    path, key = f"{stage.path}/gate", "feedback.alerted"
    gate = stage.manager.wait(
        path,
        until=lambda gate: all(one["met"] for one in gate["checks"] if one["check"] == key),
        seconds=120,
    )
    (check,) = [one for one in gate["checks"] if one["check"] == key]
    return None, check["words"]


def come_and_go(stage):
    """Usual plates, then shifted ones until alerts fire and are acknowledged, then usual ones."""
    alerts = f"{stage.path}/alerts"
    if stage.engineer.rows(alerts):
        return None, "there already"
    line.send(stage, line.USUAL)
    look(stage)
    line.send(stage, line.SHIFTED)
    seen = look(stage)
    fired = [one for one in stage.engineer.rows(alerts) if one["state"] == "firing"]
    for one in fired:
        stage.engineer.post(f"{alerts}/{one['id']}/acknowledge")
    line.send(stage, line.MENDED)
    look(stage)
    over = [one for one in stage.engineer.rows(alerts) if one["state"] == "resolved"]
    sent = sum(one.plates for one in (line.USUAL, line.SHIFTED, line.MENDED))
    return None, (
        f"{sent} plates sent, {line.SHIFTED.plates} of them grainy: {drifted(seen)},"
        f" {len(fired)} alerts fired, {len(over)} resolved when the lamp was replaced"
    )


def drifted(seen) -> str:
    """What a look found to have drifted, in words."""
    kinds = [one["kind"] for one in seen["findings"] if one["has_drifted"]]
    return f"{', '.join(kinds)} drifted" if kinds else "nothing drifted"


def look(stage) -> dict:
    """The ML engineer has a worker look, unless one was about to anyhow; returns the newest."""
    path = f"{stage.path}/drift-looks"
    try:
        stage.engineer.post(path)
    except Refused as refused:
        if refused.status != 409:
            raise
    page = stage.engineer.wait(
        path, until=lambda page: page["results"][0]["state"] != "queued", seconds=120
    )
    return page["results"][0]
