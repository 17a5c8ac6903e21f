"""Several model versions as one: a graph that answers with the mean of their probabilities."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from training.engine import artifact, blend, export, features, graph, merge, preprocess, timing
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.progress import Progress
from training.task_types.data import Row, TrainedModel
from training.task_types.image_classification import answers
from training.task_types.image_classification.work import PARITY_ROWS, Work, labels_of
from training.task_types.params import to_dict

LEAST_TO_FIT = 20  # validation rows below which nothing is fitted


def train(work: Work) -> TrainedModel:
    """Calibrate the members on validation rows, weigh them, and write them as one graph."""
    folders = [work.beside.models[name] for name in work.params.members]
    metas = [artifact.read_meta(folder) for folder in folders]
    _refuse_other_classes(work, metas)
    heats, shares, n = _fitted(work, folders, metas)
    folder = work.work_dir / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").unlink(missing_ok=True)
    _say(work, gettext_noop("Putting the models together"))
    graphs = [one / "model.onnx" for one in folders]
    blending = {"temperatures": heats, "weights": shares}
    size = merge.merge(graphs, folder / "model.onnx", **blending)
    _save_tensors(folders, folder / "model.safetensors")
    _say(work, gettext_noop("Timing the models"))
    members = _members(work, folders, metas, heats, shares)
    whole = {"latency_ms": timing.latency_ms(folder / "model.onnx"), "n_validated": n, **size}
    parity = _parity(work, folders, folder, blending)
    meta = _meta(work, metas, {"members": members, **whole}, parity, folder)
    return TrainedModel(folder, meta)


def _refuse_other_classes(work, metas) -> None:
    for name, meta in zip(work.params.members, metas, strict=True):
        if list(meta["classes"]) != list(work.data.classes):
            raise TrainingFailed(
                gettext_noop("A member answers with other classes: %(classes)s."),
                gettext_noop("Choose versions with the classes of the dataset version."),
                classes=", ".join(meta["classes"]),
                member=name,
            )


def _fitted(work, folders, metas) -> tuple[list[float], list[float], int]:
    """Temperatures, weights, and the number of validation rows they were fitted on."""
    rows, equal = work.data.valid, [1 / len(folders)] * len(folders)
    if len(rows) < LEAST_TO_FIT:
        return [1.0] * len(folders), equal, 0
    given = _answers(work, folders, metas, rows)
    labels = labels_of(rows)
    heats = blend.temperatures(given, labels)
    cooled = [blend.calibrated(one, heat) for one, heat in zip(given, heats, strict=True)]
    fitted = work.params.weights == "fitted"
    return heats, blend.weights(cooled, labels) if fitted else equal, len(rows)


def _answers(work, folders, metas, rows) -> list[np.ndarray]:
    listeners = {"progress": partial(_as_training, work), "should_stop": work.should_stop}
    return [
        answers.of(folder, meta, rows, work.cache_dir, **listeners)
        for folder, meta in zip(folders, metas, strict=True)
    ]


def _as_training(work, report: Progress) -> None:
    work.progress(replace(report, phase="training"))


def _say(work, words: str) -> None:
    work.progress(Progress("training", 1, 1, message=words))


def _members(work, folders, metas, heats, shares) -> list[dict]:
    parts = zip(work.params.members, folders, metas, heats, shares, strict=True)
    return [
        {
            "id": name,
            "temperature": heat,
            "weight": share,
            "latency_ms": timing.latency_ms(folder / "model.onnx"),
            "bytes": sum(facts["bytes"] for facts in meta["files"].values()),
        }
        for name, folder, meta, heat, share in parts
    ]


def _save_tensors(folders: list[Path], target: Path) -> None:
    """All members' tensors as members.<n>.<name>; of equal ones the first alone, and the header's
    "same" says which stand for it."""
    kept, same, seen = {}, {}, {}
    for number, folder in enumerate(folders, 1):
        with safe_open(folder / "model.safetensors", "numpy") as file:
            inherited = json.loads((file.metadata() or {}).get("same", "{}"))
            for name in file.keys():  # noqa: SIM118, the file itself cannot be looped over
                value = np.ascontiguousarray(file.get_tensor(name))
                digest = hashlib.sha256(value.tobytes()).hexdigest(), str(value.dtype), value.shape
                full = f"members.{number}.{name}"
                if digest in seen:
                    same[full] = seen[digest]
                else:
                    seen[digest], kept[full] = full, value
            for name, other in inherited.items():
                there = f"members.{number}.{other}"
                same[f"members.{number}.{name}"] = same.get(there, there)
    save_file(kept, target, metadata={"same": json.dumps(same)})


def _parity(work, folders, folder, blending) -> dict:
    """How far the one graph is from the mean of the members' own answers."""
    rows: list[Row] = (work.data.valid or work.data.train)[:PARITY_ROWS]
    images = np.stack([features.read_input(row) for row in rows])
    each = [_asked(one, images) for one in folders]
    return export.difference(blend.blended(each, **blending), _asked(folder, images))


def _asked(folder: Path, images: np.ndarray) -> np.ndarray:
    return graph.run(graph.open_session(folder / "model.onnx"), images, "probabilities")


def _meta(work, metas, ensemble, parity, folder) -> dict:
    networks = list(dict.fromkeys(meta["backbone"]["title"] for meta in metas))
    outputs = [one.name for one in graph.open_session(folder / "model.onnx").get_outputs()]
    facts = {
        "task_type": "image_classification",
        "method": work.method,
        "params": to_dict(work.params),
        "classes": work.data.classes,
        "backbone": {
            "name": "+".join(dict.fromkeys(meta["backbone"]["name"] for meta in metas)),
            "title": " + ".join(networks),
            "parameters": sum(meta["backbone"]["parameters"] for meta in metas),
        },
        "weights": {"file": None, "sha256": ""},
        "data": {
            "sha256": work.data.fingerprint(),
            "n_train": len(work.data.train),
            "n_valid": len(work.data.valid),
        },
        "device": metas[0].get("device"),
        "ensemble": ensemble,
        "preprocessing": preprocess.describe(),
        "onnx": {"input": "images", "outputs": outputs},
        "libraries": {name: version(name) for name in export.LIBRARIES},
        "parity": parity,
    }
    return artifact.write_meta(folder, facts)
