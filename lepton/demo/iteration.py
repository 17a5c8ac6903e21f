"""The data iteration of the demo: new pictures come in live, people review them, a model learns."""

from collections import Counter

from lepton.demo import drift, line, recount, reviewing, work

SHADOW_REQUESTS = 40  # some are dropped where the machine is busy
RESTS = ("decision", "promoted", "kept", "nothing", "failed")


def live_requests(stage):
    """The customer's program asks about pictures nobody has seen yet, once."""
    pictures = reviewing.pictures(stage.source.more)
    rows = stage.program.every(f"predictions?endpoint={stage.slug}")
    asked = {row["reference"] for row in rows}
    for path, (_label, data) in pictures.items():
        if path not in asked:
            stage.program.predict(stage.slug, data, reference=path)
    last = list(pictures)[-1]
    where = f"predictions?endpoint={stage.slug}&reference={last}"
    stage.program.wait(where, until=lambda page: page["results"])
    return None, f"{len(pictures)} new pictures sent to “{stage.slug}”"


def review(stage, wanted):
    """The customer's owner reviews what is drawn; Mei gives second opinions where they are due."""
    queue = f"{stage.path}/review"
    if stage.customer.get(queue)["drawn"] == 0:
        stage.customer.post(f"{queue}/draws", wanted=wanted)
    return _reviewed(stage)


def go_round_again(stage, wanted):
    """What lost leaves its data behind: some more is reviewed, and another challenger trained."""
    stage.customer.post(f"{stage.path}/review/draws", wanted=wanted)
    _stand, reviewed = _reviewed(stage)
    row, came = _followed(stage, stage.engineer.post(f"{stage.path}/data-iterations"))
    return row, f"{reviewed} {came}"


def _reviewed(stage):
    truth, queue = reviewing.truth_of(stage.source), f"{stage.path}/review"
    given = sum(
        sum(reviewing.answer_all(stage, person, truth).values())
        for person in (stage.customer, stage.manager)
    )
    stand = stage.customer.get(queue)
    accuracy, words = stand["accuracy"], ""
    if accuracy:
        words = f"; accuracy in use {_with_interval(accuracy)}"
    advice = [one["words"] for one in stand["advice"] if one["points"] == 2]
    said = f"{given} answers on the review page, {_corrections(stage)} corrections accepted"
    return stand, f"{said}{words}. {' '.join(advice)}".strip()


def iterate(stage, mode):
    """The next dataset version, its run, the judgement; what wins is promoted by the policy."""
    path = f"{stage.path}/data-iterations"
    there = stage.engineer.rows(path)
    return _followed(stage, there[-1] if there else _start(stage, mode))


def _followed(stage, row):
    """Wait for what comes of it; let the shadow answer, and decide where somebody has to."""
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
    started = row["trigger_words"] or row["trigger"]
    return row, f"{started}: {changed}; {row['verdict']} It is {row['state']}."


def since(stage):
    """More plates for what answers now; the customer's program says what they were.

    A half is grainy as before. The model has learned from such plates, so the ML engineer takes
    this traffic as what is normal from now on.
    """
    last = line.SINCE[-1]
    sent = f"predictions?endpoint={stage.slug}&reference={last.reference(last.plates - 1)}"
    words = "there already"
    if not stage.program.get(sent)["results"]:
        for stretch in line.SINCE:
            _tell(stage, stretch, line.send(stage, stretch))
        words = f"{drift.drifted(drift.look(stage))}, accepted as normal"
        stage.engineer.post(f"{stage.path}/drift-references")
    (row,) = stage.engineer.rows(f"{stage.path}/data-iterations")[-1:]
    row = stage.engineer.get(f"data-iterations/{row['id']}")
    parts = [("before", row["accuracy_before"]), ("since", row["accuracy_since"])]
    told = "; ".join(f"{name} {_with_interval(one)}" for name, one in parts if one)
    n = sum(stretch.plates for stretch in line.SINCE)
    return row, f"{n} plates: {words}; accuracy in use {told or 'not known yet'}"


def fates(stage):
    """What became of each accepted correction."""
    rows = stage.customer.every(f"{stage.path}/receipts?state=accepted")
    taken = [row for row in rows if row["is_correction"] and row["fate"]]
    counts = Counter(row["fate"] for row in taken)
    right = sum(bool(row["now_right"]) for row in taken)
    asked = sum(row["now_right"] is not None for row in taken)
    parts = ", ".join(f"{n} {fate}" for fate, n in sorted(counts.items()))
    now = f"{right} of {asked} are answered right now" if asked else "no newer model answers"
    return counts, f"{len(taken)} corrections: {parts}; {now}"


def count_again(stage):
    """Somebody who trusts nobody counts accuracy and intervals from the log and the answers."""
    return recount.compare(stage.program, stage.slug, stage.id)


def _start(stage, mode):
    """Ravi sets the policy; a small holdout proves little, hence a margin.

    What is not by hand starts by itself, for there are enough corrections.
    """
    path = f"{stage.path}/data-iterations"
    policy = {"mode": mode, "method": "as_champion", "margin": "0.100"}
    stage.engineer.patch(f"{stage.path}/iteration-policy", **policy)
    if mode == "manual":
        return stage.engineer.post(path)
    page = stage.engineer.wait(path, until=lambda page: page["results"], seconds=120)
    return page["results"][0]


def _tell(stage, stretch, answers):
    """The customer's program confirms or corrects by its own reference."""
    for number, answer in enumerate(answers):
        right, _data = stretch.picture(number)
        told = {"verdict": "confirm"}
        if answer["label"] != right:
            told = {"verdict": "correct", "label": right}
        stage.program.post("feedback", reference=stretch.reference(number), **told)


def _ask_again(stage):
    """Requests that the shadow answers too."""
    rows = work.test_images(stage)[:SHADOW_REQUESTS]
    for row in rows:
        picture = stage.program.fetch(row["image_url"])
        stage.program.predict(stage.slug, picture, reference=row["path"])


def _corrections(stage) -> int:
    rows = stage.customer.every(f"{stage.path}/receipts?state=accepted")
    return sum(row["is_correction"] for row in rows)


def _with_interval(found) -> str:
    ends = f"{found['low']:.3f} to {found['high']:.3f}, n = {found['n']}"
    return f"{found['value']:.3f} (95 % interval {ends})"
