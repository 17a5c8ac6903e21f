"""Steps on data, models and predictions; each is skipped where its rows are there."""

from collections import Counter

from training import measuring

ENDED = ("succeeded", "failed", "cancelled")


def import_images(stage, archive, splits=None):
    """The customer uploads images."""
    dataset = dataset_of(stage)
    path = f"datasets/{dataset}/imports"
    kept = [row for row in stage.customer.rows(path) if row["state"] != "failed"]
    row = kept[0] if kept else stage.customer.upload(path, archive, splits)
    row = stage.customer.wait(f"imports/{row['id']}", until=_has_ended)
    _expect(row, "succeeded")
    counts = ", ".join(f"{n} {outcome}" for outcome, n in row["outcomes"].items() if n)
    return row, f"{row['files_total']} files: {counts}"


def freeze(stage):
    """The ML engineer freezes a dataset version."""
    path = f"datasets/{dataset_of(stage)}/versions"
    kept = stage.engineer.rows(path)
    version = kept[0] if kept else stage.engineer.post(path, seed=7)
    counts = {split: sum(n.values()) for split, n in version["counts"].items()}
    parts = ", ".join(f"{n} {split}" for split, n in counts.items())
    return version, f"dataset version {version['number']}: {parts}"


def dataset_of(stage) -> str:
    path = f"{stage.path}/datasets"
    there = stage.customer.rows(path)
    return (there[0] if there else stage.customer.post(path, name="Images"))["id"]


def choose_model(stage, backbone, method, reason):
    """The network is measured on this host; the ML engineer chooses it, once an iteration."""
    measured = measuring.newest().get(backbone) or measuring.measure(backbone, images=10)[0]
    here = stage.engineer.get(stage.path)["iteration"]
    path = f"{stage.path}/selections"
    if all(row["iteration"] != here for row in stage.engineer.rows(path)):
        stage.engineer.post(path, backbone=backbone, method=method, reason=reason)
    took = f"{measured.latency_p95_ms:.1f} ms an image on a core here"
    return None, f"{backbone}, {method.replace('_', '-')}: {took}"


def train(stage, number, version_number, settings):
    """The ML engineer trains; `number` counts the runs that neither failed nor were cancelled."""
    runs = kept_runs(stage)
    if len(runs) >= number:
        run, again = runs[number - 1], " (there already)"
    else:
        versions = stage.engineer.rows(f"datasets/{dataset_of(stage)}/versions")
        version = versions[version_number - 1]["id"]
        run = stage.engineer.post(f"{stage.path}/runs", dataset_version=version, **settings)
        again = ""
    run = stage.engineer.wait(f"runs/{run['id']}", until=_has_ended)
    _expect(run, "succeeded")
    return run, _score(stage.engineer, run) + again


def kept_runs(stage) -> list[dict]:
    """The runs that neither failed nor were cancelled, the first one first."""
    runs = [r for r in stage.engineer.rows(f"{stage.path}/runs") if r["state"] not in ENDED[1:]]
    return sorted(runs, key=lambda run: run["number"])


def approve(stage, model_version):
    """The ML engineer looks at the model and says that it may go to production, once."""
    path = f"model-versions/{model_version}/approvals"
    reason = "Its errors were looked at one by one: none of them is of a kind that matters here."
    if not stage.engineer.rows(path):
        stage.engineer.post(path, decision="approved", reason=reason)
    return None, "Ravi approves the model that passed"


def deploy(stage, model_version):
    """The ML engineer puts a model version in place, unless it answers already."""
    if not has_endpoint(stage):
        stage.engineer.post("endpoints", engagement=stage.id, slug=stage.slug)
    path = f"endpoints/{stage.slug}/deployments"
    champion = stage.engineer.get(f"endpoints/{stage.slug}")["champion"]
    if not champion or champion["model_version"]["id"] != model_version:
        stage.engineer.post(path, model_version=model_version)
    return _live(stage, "answers with")


def has_endpoint(stage) -> bool:
    return any(one["engagement"] == stage.id for one in stage.engineer.rows("endpoints"))


def ask(stage, wanted: int):
    """The customer's program sends test images until as many predictions were made."""
    have = stage.program.rows(f"predictions?endpoint={stage.slug}")
    images = test_images(stage)
    for row in (images * (wanted // len(images) + 1))[len(have) : wanted]:
        picture = stage.program.fetch(row["image_url"])
        stage.program.predict(stage.slug, picture, reference=row["path"])
    stage.program.wait(_predictions(stage), until=lambda page: len(page["results"]) >= wanted)
    return None, f"{max(len(have), wanted)} images sent to “{stage.slug}” with the customer's key"


def answer(stage, wanted: int):
    """The customer's program confirms or corrects predictions, so that as many are answered."""
    labels = {row["path"]: row["label"] for row in test_images(stage)}
    said = Counter()
    rows = stage.program.rows(f"predictions?endpoint={stage.slug}")
    # what people tried in the browser has no reference, so the program knows nothing of it
    for row in [row for row in rows if row["reference"] in labels][:wanted]:
        right = labels[row["reference"]]
        told = {"verdict": "confirm"}
        if row["label"] != right:
            told = {"verdict": "correct", "label": right}
        stage.program.post(f"predictions/{row['id']}/feedback", **told)
        said[told["verdict"]] += 1
    parts = ", ".join(f"{n} answered with “{verdict}”" for verdict, n in said.items())
    return None, f"{said.total()} predictions: {parts}"


def test_images(stage) -> list[dict]:
    """The test images of the first model version, classes mixed."""
    models = stage.program.rows(f"{stage.path}/model-versions")
    first = min(models, key=lambda one: one["number"])["id"]
    evaluations = stage.program.rows(f"model-versions/{first}/evaluations")
    (test,) = [one for one in evaluations if one["split"] == "test"][:1]
    rows = stage.program.rows(f"evaluations/{test['id']}/items")
    return sorted(rows, key=lambda row: (row["path"].rsplit("_", 1)[-1], row["path"]))


def is_done(stage, rounds: int) -> bool:
    """Whether the second dataset version is there, and past the first round a model of it."""
    versions = stage.engineer.rows(f"datasets/{dataset_of(stage)}/versions")
    models = stage.engineer.rows(f"{stage.path}/model-versions")
    return len(versions) > 1 and (rounds == 1 or len(models) > 2)


def _predictions(stage) -> str:
    return f"predictions?endpoint={stage.slug}&limit=500"


def _live(stage, verb):
    rows = stage.engineer.wait(
        f"endpoints/{stage.slug}/deployments",
        until=lambda page: page["results"][0]["state"] != "loading",
        seconds=120,
    )
    newest = rows["results"][0]
    _expect(newest, "live")
    return newest, f"“{stage.slug}” {verb} model version {newest['model_version']['number']}"


def _score(client, run) -> str:
    figures = client.get(f"model-versions/{run['model_version']}")["test_evaluation"]
    return (
        f"accuracy {figures['accuracy']:.3f} on {figures['n']} test images"
        f" (95 % interval {figures['accuracy_low']:.3f} to {figures['accuracy_high']:.3f})"
    )


def _has_ended(row) -> bool:
    return row["state"] in ENDED


def _expect(row, state):
    if row["state"] != state:
        raise RuntimeError(f"It {row['state']}: {row.get('cause', '')} {row.get('hint', '')}")
