"""What an exported model answers on rows: through its whole graph, or its head on kept features."""

from pathlib import Path

import numpy as np
from safetensors import safe_open

from training.engine import features, graph
from training.engine.errors import Stopped
from training.engine.progress import Pace, Progress
from training.task_types.data import Row


def of(
    folder: Path, meta: dict, rows: list[Row], cache_dir: Path | None, *, progress, should_stop
) -> np.ndarray:
    """Return probabilities float32 [n, classes] in the cheaper of the two ways, from kept features
    where `cache_dir` is given and only a head was trained. Raises Stopped, TrainingFailed."""
    listeners = {"progress": progress, "should_stop": should_stop}
    is_head_alone = meta.get("method") == "linear_probe" and "quantised" not in meta
    if cache_dir is not None and is_head_alone:
        return of_head(folder, meta, rows, cache_dir, **listeners)
    return of_graph(folder, rows, **listeners)


def of_graph(folder: Path, rows: list[Row], *, progress, should_stop) -> np.ndarray:
    """Return probabilities float32 [n, classes] of model.onnx. Raises Stopped, TrainingFailed."""
    session = graph.open_session(folder / "model.onnx")
    pace, parts = Pace(len(rows)), []
    for at in range(0, len(rows), graph.BATCH):
        if should_stop():
            raise Stopped
        images = np.stack([features.read_input(row) for row in rows[at : at + graph.BATCH]])
        parts.append(graph.run(session, images, "probabilities"))
        done = at + len(images)
        progress(Progress("evaluating", done, len(rows), **pace.at(done)))
    return np.concatenate(parts)


def of_head(
    folder: Path, meta: dict, rows: list[Row], cache_dir: Path, *, progress, should_stop
) -> np.ndarray:
    """Return the same, float32 [n, classes], where only the head was trained.

    The graph's features are kept unrounded by image; softmax(features @ weight.T + bias) is all
    that is left. Raises Stopped and TrainingFailed.
    """

    def forward() -> features.Forward:
        session = graph.open_session(folder / "model.onnx")
        return lambda images: graph.run(session, images, "features")

    vectors = features.extract(
        rows,
        views=1,
        cache=_cache(meta, cache_dir, features.EXACT),
        forward=forward,
        progress=progress,
        should_stop=should_stop,
    )
    progress(Progress("evaluating", len(rows), len(rows)))
    with safe_open(folder / "model.safetensors", "numpy") as file:
        weight, bias = file.get_tensor("head.weight"), file.get_tensor("head.bias")
    return graph.softmax(vectors[:, 0] @ weight.T + bias)


def kept_features(meta: dict, rows: list[Row], cache_dir: Path) -> dict[int, np.ndarray]:
    """Return what the cache knows of `rows`, by their place: the features [features] of a frozen
    backbone, computed on the way. Nothing is decoded for it."""
    if not meta["weights"]["file"] or meta.get("method") != "linear_probe":
        return {}
    keys = [f"{row.sha256}:0" for row in rows]
    known = {}
    for precision in ("", features.EXACT):
        known |= _cache(meta, cache_dir, precision).get(keys)
    return {place: known[key] for place, key in enumerate(keys) if key in known}


def _cache(meta, cache_dir, precision) -> features.FeatureCache:
    return features.FeatureCache(
        cache_dir,
        backbone=meta["backbone"]["name"],
        weights_sha256=meta["weights"]["sha256"],
        precision=precision,
    )
