"""The demo's promise: a contract on untouched images, verdicts, signatures, gates."""

from lepton.demo.client import Refused


def sign_requirement(stage):
    """Both sides sign the requirement as it stands, each once."""
    kind = "requirement"
    (wanted,) = [s for s in stage.manager.get(f"{stage.path}/statements") if s["kind"] == kind]
    signed = {
        row["signed_by"]
        for row in stage.manager.rows(f"{stage.path}/signoffs")
        if row["kind"] == kind and row["sha256"] == wanted["sha256"]
    }
    for user, person in both(stage):
        if user.actor_label not in signed:
            person.post(f"{stage.path}/signoffs", kind=kind, sha256=wanted["sha256"])
    return None, f"version as it stands, signed by {stage.owner.name} and {stage.mei.name}"


def change_requirement(stage, reason, **fields):
    """The customer proposes a change of the signed requirement, Mei accepts it, both sign anew."""
    path = f"{stage.path}/change-requests"
    there = [row for row in stage.manager.rows(path) if row["reason"] == reason]
    change = there[0] if there else stage.customer.post(path, reason=reason, **fields)
    if change["state"] == "proposed":
        stage.manager.post(f"{path}/{change['id']}/accept")
    sign_requirement(stage)
    parts = [f"{one['title']}: {one['before']} → {one['after']}" for one in change["changes"]]
    return change, f"{', '.join(parts)}; accepted and signed by both sides"


def waive(stage, check, reason):
    """Mei asks to pass over a check of the present gate, and the customer's owner grants it."""
    path = f"{stage.path}/waivers"
    here = stage.manager.get(stage.path)
    mine = [
        row
        for row in stage.manager.rows(path)
        if (row["check"], row["phase"], row["iteration"])
        == (check, here["phase"], here["iteration"])
    ]
    waiver = mine[0] if mine else stage.manager.post(path, check=check, reason=reason)
    if not waiver["granted_by"]:
        stage.customer.post(f"{path}/{waiver['id']}/grant")
    return None, f"{check} passed over, asked by {stage.mei.name}, granted by {stage.owner.name}"


def freeze_and_sign(stage):
    """Mei freezes the contract on the test split; she and the customer's owner sign it."""
    contracts = stage.manager.rows(f"{stage.path}/contracts")
    contract = contracts[-1] if contracts else _freeze(stage)
    sign(stage, "contract")
    n, target = sum(contract["holdout_counts"].values()), float(contract["accuracy_target"])
    return contract, f"accuracy of {target:.2f} on {n} images kept apart, signed by both sides"


def sign(stage, kind):
    """Those of both sides who have not signed yet sign what stands to be signed."""
    for user, person in both(stage):
        (wanted,) = [s for s in stage.manager.get(f"{stage.path}/statements") if s["kind"] == kind]
        if user.name in wanted["missing"]:
            person.post(f"{stage.path}/signoffs", kind=kind, sha256=wanted["sha256"])
    return None, f"signed by {stage.owner.name} and {stage.mei.name}"


def both(stage):
    return [(stage.owner, stage.customer), (stage.mei, stage.manager)]


def judge(stage, model_version):
    """Mei asks for the verdict on a model version, unless the newest of this round is on it."""
    verdicts = stage.manager.rows(f"{stage.path}/verdicts")
    verdict = verdicts[-1] if verdicts else None
    is_old = verdict is not None and verdict["created_at"] < _began(stage)
    if verdict is None or is_old or verdict["model_version"] != model_version:
        verdict = stage.manager.post(f"{stage.path}/verdicts", model_version=model_version)
    parts = [_words(one) for one in verdict["criteria"]]
    return verdict, f"{verdict['model']}: {verdict['outcome']}. {' '.join(parts)}"


def move_on(stage):
    """Mei moves the engagement on, if the facts allow it."""
    gate = stage.manager.get(f"{stage.path}/gate")
    try:
        moved = stage.manager.post(f"{stage.path}/advance", to=gate["to"])
    except Refused as refusal:
        named = " ".join(f"{one['title']}: {one['words']}" for one in refusal.problem["unmet"])
        return None, f"{gate['to']} refused ({refusal.status}). {named}"
    facts = f"{len(gate['checks'])} checks held"
    return (
        moved,
        f"from {gate['phase']} to {moved['phase']}, iteration {moved['iteration']}: {facts}",
    )


def flip_a_fact(stage):
    """The customer's owner takes the go-live signature back, and the gate closes."""
    signed = stage.customer.rows(f"{stage.path}/signoffs")
    revoked = {row["revokes"] for row in signed}
    (mine,) = [
        row
        for row in signed
        if row["kind"] == "go_live"
        and row["signed_by"] == stage.owner.actor_label
        and not row["revokes"]
        and row["id"] not in revoked
    ][-1:]
    stage.customer.post(
        f"{stage.path}/signoffs/{mine['id']}/revoke", reason="The night shift was not asked yet."
    )
    return mine, f"{stage.owner.name} takes the go-live signature back"


def see_it_refused(stage):
    """Mei tries to move on while a fact is missing: the API names it."""
    moved, words = move_on(stage)
    if moved:
        raise RuntimeError(f"The gate of “{stage.source.name}” let an unmet check pass: {words}")
    return None, words


def accepted(stage) -> str:
    """The model version of the newest verdict that is a pass."""
    verdicts = stage.manager.rows(f"{stage.path}/verdicts")
    return [one for one in verdicts if one["outcome"] == "pass"][-1]["model_version"]


def lacks(stage, check) -> bool:
    """Whether this check holds the present gate up."""
    gate = stage.manager.get(f"{stage.path}/gate")
    return any(one["check"] == check and not one["met"] for one in gate["checks"])


def _began(stage) -> str:
    """When the present round began."""
    return stage.manager.rows(f"{stage.path}/iterations")[-1]["started_at"]


def _freeze(stage):
    return stage.manager.post(
        f"{stage.path}/contracts",
        accuracy_target=stage.source.target,
        holdout_sha256=stage.manager.get(f"{stage.path}/holdouts")[0]["sha256"],
        deciders=[str(stage.owner.pk), str(stage.mei.pk)],
    )


def _words(criterion) -> str:
    if criterion["value"] is None:
        return criterion["words"]
    return (
        f"{criterion['title']} {criterion['value']:.3f} (95 % interval {criterion['low']:.3f} to"
        f" {criterion['high']:.3f}) against {criterion['target']:.2f}."
    )
