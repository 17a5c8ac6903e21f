"""The camera over the rolling line is knocked out of focus, and mended: what it sees drifts."""

import numpy as np
from PIL import ImageFilter

from lepton.demo import archives, surfaces
from lepton.demo.client import Refused

PLATES = 36  # a look needs 30
BLUR = 5.0  # pixels


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
    """Usual plates, then blurred ones until alerts fire and are acknowledged, then usual ones."""
    alerts = f"{stage.path}/alerts"
    if stage.engineer.rows(alerts):
        return None, "there already"
    _send(stage, seed=21)
    _look(stage)
    _send(stage, seed=22, blur=BLUR)
    seen = _look(stage)
    fired = [one for one in stage.engineer.rows(alerts) if one["state"] == "firing"]
    for one in fired:
        stage.engineer.post(f"{alerts}/{one['id']}/acknowledge")
    _send(stage, seed=23)
    _look(stage)
    over = [one for one in stage.engineer.rows(alerts) if one["state"] == "resolved"]
    drifted = [one["kind"] for one in seen["findings"] if one["has_drifted"]]
    return None, (
        f"{PLATES} blurred plates: {', '.join(drifted)} drifted, {len(fired)} alerts fired,"
        f" {len(over)} resolved when the focus was right again"
    )


def _send(stage, *, seed, blur=0.0):
    """The customer's program sends plates of every class, so much out of focus."""
    random = np.random.default_rng(seed)
    path = f"predictions?endpoint={stage.slug}&limit=500"
    before = len(stage.program.get(path)["results"])
    for number in range(PLATES):
        label = surfaces.CLASSES[number % len(surfaces.CLASSES)]
        plate = surfaces.picture(label, random).filter(ImageFilter.GaussianBlur(blur))
        sent = archives.jpeg(plate, random)
        stage.program.predict(stage.slug, sent, reference=f"line-{seed}-{number}")
    stage.program.wait(path, until=lambda page: len(page["results"]) >= before + PLATES)


def _look(stage) -> dict:
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
