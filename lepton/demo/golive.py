"""The demo's go-live: load, rolling back, the pack and the bundle; each once."""

import hashlib
import io
import zipfile

ENDED = ("succeeded", "failed", "cancelled")
TRIES = 3  # a busy machine may answer too late once


def load_test(stage):
    """The ML engineer tries the endpoint under load until a test passes, at most three times."""
    path = f"endpoints/{stage.slug}/load-tests"
    for _try in range(TRIES):
        done = [row for row in stage.engineer.rows(path) if row["outcome"] == "pass"]
        test = done[-1] if done else _tried(stage, path)
        if test["outcome"] == "pass":
            break
    words = "{answered} of {sent} requests answered, {per_second} a second, p95 {p95_ms:.0f} ms"
    return test, f"{words.format(**test)}: {test['outcome']}"


def _tried(stage, path):
    test = stage.engineer.post(path, per_second=25, seconds=4, at_once=8)
    return stage.engineer.wait(
        f"load-tests/{test['id']}", until=lambda row: row["state"] in ENDED, seconds=120
    )


def drill(stage):
    """The ML engineer practises rolling back, once."""
    path = f"endpoints/{stage.slug}/drills"
    if not any(row["passed"] for row in stage.engineer.rows(path)):
        stage.engineer.post(path)
    rows = stage.engineer.wait(
        path, until=lambda page: page["results"][0]["state"] in ENDED, seconds=180
    )
    newest = rows["results"][0]
    if not newest["passed"]:
        raise RuntimeError(f"The drill failed: {newest['cause']}")
    to = "the same version" if newest["is_rehearsal"] else f"version {newest['practised']}"
    seconds = f"{newest['rollback_seconds']:.1f} s there, {newest['put_back_seconds']:.1f} s back"
    return newest, f"{to} put in place and answering: {seconds}"


def pack(stage):
    """Mei generates the go-live pack; both files are opened."""
    path = f"{stage.path}/packs"
    there = stage.manager.rows(path)
    made = there[-1] if there else stage.manager.post(path)
    for file in made["files"]:
        data = stage.manager.fetch(file["url"])
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            raise RuntimeError(f"The {file['form']} of the pack is not what was recorded.")
    sizes = ", ".join(f"{one['form'].upper()} of {one['bytes']} bytes" for one in made["files"])
    return made, f"version {made['version']}: {sizes}, sha256 {made['sha256'][:12]}"


def bundle(stage, model_version):
    """The customer's program takes the model away as a bundle, and looks into it."""
    data = stage.program.download(f"model-versions/{model_version}/bundle")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.testzip() is not None:
            raise RuntimeError("The bundle is damaged.")
        names = archive.namelist()
    return None, f"{len(names)} files, {len(data) / 1e6:.1f} MB: it serves itself without Lepton"


def may_answer(stage, model_versions) -> list[str]:
    """Those of these model versions that passed their newest verdict."""
    newest = {one["model_version"]: one for one in stage.manager.rows(f"{stage.path}/verdicts")}
    return [pk for pk in model_versions if newest.get(pk, {}).get("outcome") == "pass"]
