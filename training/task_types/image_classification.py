"""Image classification: one label per image, by a linear probe or a fine-tuned backbone."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.engine import artifact, backbones, batches, device, export, features, fit, graph, networks, preprocess, probe
from training.engine import evaluate as measures
from training.engine.errors import Stopped, TrainingFailed, gettext_noop
from training.engine.preprocess import evaluation_input
from training.engine.progress import Pace, Progress
from training.task_types.data import Evaluation, Row, TrainedModel, TrainingData
from training.task_types.params import FineTuneParams, LinearProbeParams, to_dict

__all__ = ["evaluate", "evaluation_input", "train"]

ACTIVATIONS_LIMIT_BYTES = 2 * 1024**3
PARITY_ROWS = 8


@dataclass
class Work:
    """What the steps of one training share."""

    data: TrainingData
    params: LinearProbeParams
    method: str
    backbone: backbones.Backbone
    weights: Path | None
    weights_sha256: str
    work_dir: Path
    cache_dir: Path
    progress: Callable[[Progress], None]
    should_stop: Callable[[], bool]

    @property
    def listeners(self) -> dict:
        """The two callbacks every long step takes."""
        return {"progress": self.progress, "should_stop": self.should_stop}

    def build(self) -> networks.Classifier:
        """Build the classifier as it is before training."""
        return networks.build(self.backbone, len(self.data.classes), weights=self.weights, seed=self.params.seed)

    def backbone_onnx(self) -> Path:
        """Return the untrained backbone's graph, exported the first time."""
        path = self.cache_dir / "graphs" / f"{self.backbone.name}-{self.weights_sha256[:32]}.onnx"
        return path if path.exists() else export.export_backbone(self.build(), path)

    def identity(self) -> str:
        """Return the hash of everything that decides the outcome; a checkpoint of another run is ignored."""
        facts = [self.method, to_dict(self.params), self.data.fingerprint(), self.weights_sha256, preprocess.describe()]
        return hashlib.sha256(json.dumps([*facts, torch.__version__], sort_keys=True).encode()).hexdigest()


def train(
    data: TrainingData,
    params: LinearProbeParams | FineTuneParams,
    *,
    method: str,
    work_dir: Path,
    weights_dir: Path,
    cache_dir: Path,
    pretrained: bool = True,
    progress: Callable[[Progress], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Train on `data` and write the artifact to `work_dir`/model; resumes from `work_dir`'s checkpoint of the same run.

    With `pretrained` the backbone's weights must lie in `weights_dir`; without, it starts from random numbers,
    as lepton_small always does. Features and decoded images are kept under `cache_dir`, which may outlive the run.
    Raises TrainingFailed (cause and hint), and Stopped once `should_stop()` was true.
    """
    device.limit_threads()
    backbone = backbones.get(params.backbone)
    _check_classes(data)
    weights = backbones.find_weights(backbone, weights_dir) if pretrained and backbone.pretrained else None
    weights_sha256 = backbones.sha256_of(weights) if weights else _random_hash(backbone, params.seed)
    work = Work(
        data, params, method, backbone, weights, weights_sha256, Path(work_dir), Path(cache_dir), progress, should_stop
    )
    return {"linear_probe": _linear_probe, "fine_tune": _fine_tune}[method](work)


def evaluate(
    trained_or_folder: TrainedModel | Path,
    rows: list[Row],
    progress: Callable[[Progress], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Ask the exported ONNX model about `rows` through the serving transform.

    Raises ArtifactCorrupt, TrainingFailed for no rows or an unreadable image, and Stopped.
    """
    folder = trained_or_folder.folder if isinstance(trained_or_folder, TrainedModel) else Path(trained_or_folder)
    meta = artifact.read_meta(folder)
    if not rows:
        raise TrainingFailed(
            gettext_noop("There are no images to evaluate on."), gettext_noop("Freeze a dataset version with a test split.")
        )
    session = graph.open_session(folder / "model.onnx")
    pace, parts = Pace(len(rows)), []
    for at in range(0, len(rows), graph.BATCH):
        if should_stop():
            raise Stopped
        images = np.stack([features.read_input(row) for row in rows[at : at + graph.BATCH]])
        parts.append(graph.run(session, images, "probabilities"))
        done = at + len(images)
        progress(Progress("evaluating", done, len(rows), **pace.at(done)))
    probabilities, labels = np.concatenate(parts), np.array([row.label for row in rows])
    metrics = measures.metrics(labels, probabilities, meta["classes"])
    return Evaluation(metrics, [row.sha256 for row in rows], labels, probabilities)


def _linear_probe(work: Work) -> TrainedModel:
    train, valid = work.data.train, work.data.valid
    vectors = _features(work, train + valid)
    work.progress(Progress("training", 0, 1, message=gettext_noop("Fitting the linear probe")))
    fitted = _fit_probe(work, train, vectors[: len(train)])
    labels = _labels(train)
    crossed = float((fitted.out_of_fold.argmax(1) == labels).mean())
    summary = {"l2": fitted.l2, "folds": fitted.folds, "scores": fitted.scores, "cross_validated_accuracy": crossed}
    if valid:
        answers = fitted.probabilities(vectors[len(train) :, 0]).argmax(1)
        summary["valid_accuracy"] = float((answers == _labels(valid)).mean())
    accuracy = summary.get("valid_accuracy", crossed)
    loss = next(score["loss"] for score in fitted.scores if score["l2"] == fitted.l2)
    history = [{"epoch": 0, "train_loss": None, "valid_loss": loss, "valid_accuracy": accuracy}]
    work.progress(Progress("training", 1, 1, valid_loss=loss, valid_accuracy=accuracy, best_epoch=0))
    model = work.build()
    model.set_head(torch.from_numpy(fitted.weight), torch.from_numpy(fitted.bias))
    return _save(work, model, history, summary, backbone_onnx=work.backbone_onnx())


def _fine_tune(work: Work) -> TrainedModel:
    train, valid = _with_validation(work)
    where = device.choose()
    model, scratch, summary = work.build(), work.weights is None, {}
    if not scratch:
        vectors = _features(work, train)
        start = _fit_probe(work, train, vectors)
        model.set_head(torch.from_numpy(start.weight), torch.from_numpy(start.bias))
        summary = {"probe_l2": start.l2, "folds": start.folds}
    unfreeze = "all" if scratch else work.params.unfreeze
    model.to(where)
    session = _session(work, model, train, valid, unfreeze=unfreeze, scratch=scratch)
    outcome = session.run()
    model.cpu()
    if outcome.best_epoch > 0:
        with torch.no_grad():
            model.head.weight.div_(outcome.best_temperature)
            model.head.bias.div_(outcome.best_temperature)
    summary |= {"best_epoch": outcome.best_epoch, "unfreeze": unfreeze, "temperature": outcome.best_temperature}
    return _save(work, model, outcome.history, summary, backbone_onnx=None)


def _session(work: Work, model, train: list[Row], valid: list[Row], *, unfreeze: str, scratch: bool) -> fit.Fit:
    """Set up the loop: on images, or on the frozen stages' activations where these are small enough to keep."""
    params, mirror = work.params, work.params.views == 2
    settings = fit.Settings(
        epochs=params.epochs, learning_rate=params.learning_rate, batch_size=params.batch_size, seed=params.seed,
        weight_decay=params.weight_decay, label_smoothing=params.label_smoothing, patience=params.patience,
        head_factor=1.0 if scratch else 3.0, start_is_candidate=not scratch,
    )
    pixels = [batches.squares(rows, work.cache_dir / "squares", **work.listeners) for rows in (train, valid)]
    labels = _labels(train), _labels(valid)
    cut = networks.stages_from(model, unfreeze)
    network = model
    if cut and _keepable(model, cut, len(train) + len(valid), params.views):
        views = params.views, 1
        kept = [_activations(work, model, cut, pixels[i], views[i], ("train", "valid")[i]) for i in range(2)]
        sources = [batches.ActivationBatches(kept[i], labels[i]) for i in range(2)]
        network = networks.Rest(model, cut)
    else:
        views = {"mirror": mirror, "augment": params.augmentation != "none", "turn": params.augmentation == "turns"}
        sources = [batches.ImageBatches(pixels[i], labels[i], **views) for i in range(2)]
    return fit.Fit(
        network, *sources, settings,
        parameters=networks.trainable_parameters(model, unfreeze=unfreeze),
        statistics=networks.moving_statistics(model, unfreeze=unfreeze),
        train_mode=lambda: networks.set_training(model, unfreeze=unfreeze),
        file=work.work_dir / "checkpoint.safetensors", identity=work.identity(), **work.listeners,
    )


def _activations(work: Work, model, cut: int, pixels: np.ndarray, views: int, name: str) -> np.ndarray:
    file = work.work_dir / f"activations-{name}-{work.identity()[:16]}.npy"
    return batches.activations(model, cut, pixels, views=views, file=file, **work.listeners)


def _keepable(model, cut: int, n: int, views: int) -> bool:
    """Tell whether the activations after `cut` stages may be kept: on a CPU, up to 2 GiB of float16."""
    if next(model.parameters()).device.type != "cpu":
        return False
    with torch.no_grad():
        one = model.begin(torch.zeros(1, preprocess.CROP, preprocess.CROP, 3, dtype=torch.uint8), cut)
    return n * views * one.numel() * 2 <= ACTIVATIONS_LIMIT_BYTES


def _with_validation(work: Work) -> tuple[list[Row], list[Row]]:
    """Return (train, valid) rows; without a valid split a stratified, grouped fifth of train is held back."""
    train, valid = work.data.train, work.data.valid
    if not valid:
        fold_of, _ = probe.assign_folds(_labels(train), _groups(train), seed=work.params.seed)
        valid = [row for row, fold in zip(train, fold_of, strict=True) if fold == 0]
        train = [row for row, fold in zip(train, fold_of, strict=True) if fold != 0]
    fewest = np.bincount(_labels(train), minlength=len(work.data.classes)).min()
    if fewest < 2:
        raise TrainingFailed(
            gettext_noop("There are too few images to fine-tune and validate."),
            gettext_noop("Use the linear probe, or add images: at least 4 in each class."),
        )
    return train, valid


def _features(work: Work, rows: list[Row]) -> np.ndarray:
    cache = features.FeatureCache(work.cache_dir, backbone=work.backbone.name, weights_sha256=work.weights_sha256)
    return features.extract(
        rows, views=work.params.views, cache=cache, backbone_onnx=work.backbone_onnx, **work.listeners
    )


def _fit_probe(work: Work, rows: list[Row], vectors: np.ndarray) -> probe.Probe:
    params = work.params
    return probe.fit(
        vectors, _labels(rows), _groups(rows), n_classes=len(work.data.classes), l2=params.l2, seed=params.seed
    )


def _save(work: Work, model, history: list[dict], summary: dict, *, backbone_onnx: Path | None) -> TrainedModel:
    work.progress(Progress("training", 1, 1, message=gettext_noop("Exporting the model")))
    shown = (work.data.valid or work.data.train)[:PARITY_ROWS]
    images = np.stack([features.read_input(row) for row in shown])
    folder = work.work_dir / "model"
    meta = {
        "task_type": "image_classification", "method": work.method, "params": to_dict(work.params),
        "classes": work.data.classes,
        "backbone": {key: getattr(work.backbone, key) for key in ("name", "title", "parameters", "features", "input_size")},
        "weights": {"file": work.weights.name if work.weights else None, "sha256": work.weights_sha256},
        "data": {"sha256": work.data.fingerprint(), "n_train": len(work.data.train), "n_valid": len(work.data.valid)},
        "device": device.describe(device.choose()), "history": history, "summary": summary,
    }
    meta = export.save(folder, model, backbone_onnx=backbone_onnx, meta=meta, parity_images=images)
    return TrainedModel(folder, meta, history, summary)


def _check_classes(data: TrainingData) -> None:
    if len(data.classes) < 2:
        raise TrainingFailed(
            gettext_noop("There is only one class."), gettext_noop("A classifier needs images of at least two classes.")
        )
    counts = np.bincount(_labels(data.train), minlength=len(data.classes))
    if counts.min() < 2:
        raise TrainingFailed(
            gettext_noop("The class “%(name)s” has %(n)d training images; at least 2 are needed."),
            gettext_noop("Add images to that class or leave it out."),
            name=data.classes[int(counts.argmin())],
            n=int(counts.min()),
        )


def _random_hash(backbone: backbones.Backbone, seed: int) -> str:
    return hashlib.sha256(f"random|{backbone.name}|{seed}|{torch.__version__}".encode()).hexdigest()


def _labels(rows: list[Row]) -> np.ndarray:
    return np.array([row.label for row in rows], dtype=np.int64)


def _groups(rows: list[Row]) -> list[str]:
    """Return each row's group key; a row without one is its own group, shared with its exact duplicates."""
    return [row.group or row.sha256 for row in rows]
