"""The data iteration of the demo: new pictures come in live, people review them, a model learns."""

import hashlib
import zipfile

from lepton.demo import work
from training.datasets import layout
from training.engine import preprocess

REVIEWS = 40
SHADOW_REQUESTS = 40  # some are dropped where the machine is busy
RESTS = ("decision", "promoted", "kept", "nothing", "failed")


def live_requests(stage):
    """The customer's program asks about pictures nobody has seen yet, once."""
    pictures = _pictures(stage.source.more)
    rows = stage.program.rows(f"predictions?endpoint={stage.slug}")
    asked = {row["reference"] for row in rows}
    for path, (_label, data) in pictures.items():
        if path not in asked:
            stage.program.predict(stage.slug, data, reference=path)
    last = list(pictures)[-1]
    where = f"predictions?endpoint={stage.slug}&reference={last}"
    stage.program.wait(where, until=lambda page: page["results"])
    return None, f"{len(pictures)} new pictures sent to “{stage.slug}”"


def review(stage):
    """The customer's owner reviews what is drawn; Mei gives second opinions where they are due."""
    truth = _truth(stage)
    queue = f"{stage.path}/review"
    if stage.customer.get(queue)["drawn"] == 0:
        stage.customer.post(f"{queue}/draws", wanted=REVIEWS)
    given = sum(_answer_all(stage, person, truth) for person in (stage.customer, stage.manager))
    stand = stage.customer.get(queue)
    accuracy, words = stand["accuracy"], ""
    if accuracy:
        ends = f"{accuracy['low']:.3f} to {accuracy['high']:.3f}"
        words = f"; accuracy in use {accuracy['value']:.3f} (95 % interval {ends})"
    advice = [one["words"] for one in stand["advice"] if one["points"] == 2]
    return stand, f"{given} answers in the review queue{words}. {' '.join(advice)}".strip()


def iterate(stage, mode):
    """The next dataset version, its run, the judgement; what wins is promoted by the policy."""
    path = f"{stage.path}/data-iterations"
    there = stage.engineer.rows(path)
    row = there[-1] if there else _start(stage, mode)
    one = f"data-iterations/{row['id']}"
    row = stage.engineer.wait(one, until=lambda row: row["state"] in (*RESTS, "shadowing"))
    if row["state"] == "shadowing":
        _ask_again(stage)
        row = stage.engineer.wait(one, until=lambda row: row["state"] in RESTS, seconds=180)
    if row["state"] == "decision":
        row = stage.engineer.post(f"{one}/promote")
        row = stage.engineer.wait(one, until=lambda row: row["state"] in RESTS, seconds=180)
    if row["state"] == "failed":
        raise RuntimeError(f"The data iteration failed: {row['cause']}")
    changed = ", ".join(f"{part['n']} {part['key']}" for part in row["card"])
    return row, f"{changed}; {row['verdict']} It is {row['state']}."


def _start(stage, mode):
    """Ravi sets the policy and starts it by hand; a small holdout proves little, hence a margin."""
    policy = {"mode": mode, "method": "as_champion", "margin": "0.100", "cooldown_hours": 0}
    stage.engineer.patch(f"{stage.path}/iteration-policy", **policy)
    return stage.engineer.post(f"{stage.path}/data-iterations")


def _answer_all(stage, person, truth) -> int:
    """Answer until nothing is left for this person; returns how many that were."""
    given = 0
    while item := person.get(f"{stage.path}/review/next")["item"]:
        right = truth.get(_pixels(person.fetch(item["image_url"])))  # blurred ones are not known
        said = {"verdict": "correct", "label": right} if right else {"verdict": "reject"}
        person.post(f"review-items/{item['id']}/answers", **said)
        given += 1
    return given


def _ask_again(stage):
    """Requests that the shadow answers too."""
    rows = work.test_images(stage)[:SHADOW_REQUESTS]
    for row in rows:
        picture = stage.program.fetch(row["image_url"])
        stage.program.predict(stage.slug, picture, reference=row["path"])


def _truth(stage) -> dict[str, str]:
    """What every picture of the demo shows, by its pixels: storing one leaves them as they are."""
    found = {}
    for archive in (stage.source.archive, stage.source.more):
        for label, data in _pictures(archive).values():
            found[_pixels(data)] = label
    return found


def _pictures(archive) -> dict[str, tuple[str, bytes]]:
    """{path: (label, bytes)} of an ImageFolder zip."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        places = layout.places(names)
        return {
            name: (place.label, opened.read(name))
            for name, place in zip(names, places, strict=True)
        }


def _pixels(data: bytes) -> str:
    return hashlib.sha256(preprocess.decode(data).tobytes()).hexdigest()
