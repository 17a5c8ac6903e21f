"""Fine-tune a backbone from its linear probe, or a network from scratch."""

import hashlib
import json

import numpy as np
import torch

from training.engine import augment, batches, device, fit, networks, preprocess, probe
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.state import State
from training.task_types.data import Row, TrainedModel
from training.task_types.image_classification.work import (
    Work,
    fit_probe,
    groups_of,
    labels_of,
    save,
    targets_of,
    vectors_of,
)

SETTINGS = ("epochs", "learning_rate", "batch_size", "seed", "weight_decay", "label_smoothing")
SETTINGS += ("patience", "warm_up", "ema", "mixup", "balance", "micro_batch", "compile")
ACTIVATIONS_LIMIT_BYTES = 2 * 1024**3


def train(work: Work) -> TrainedModel:
    """Start from the probe (or random numbers), tune, and save the best epoch."""
    model, outcome, summary = fitted(work)
    frozen = work.backbone_onnx() if summary["unfreeze"] == "head" else None
    return save(work, model, outcome.history, summary, backbone_onnx=frozen)


def fitted(work: Work) -> tuple[networks.Classifier, State, dict]:
    """Tune and return the model with its best weights, how it went, and what was chosen."""
    rows, valid = with_validation(work)
    where = device.choose()
    model, scratch, summary = work.build(), work.weights is None, {}
    if not scratch:
        vectors = vectors_of(work, rows)
        start = fit_probe(work, rows, vectors)
        model.set_head(torch.from_numpy(start.weight), torch.from_numpy(start.bias))
        summary = {"probe_l2": start.l2, "folds": start.folds}
    unfreeze = "all" if scratch else work.params.unfreeze
    model.to(where)
    session = _session(work, model, rows, valid, unfreeze=unfreeze, scratch=scratch)
    outcome = session.run()
    model.cpu()
    if outcome.best_epoch > 0:
        with torch.no_grad():
            model.head.weight.div_(outcome.best_temperature)
            model.head.bias.div_(outcome.best_temperature)
    summary |= {
        "best_epoch": outcome.best_epoch,
        "unfreeze": unfreeze,
        "temperature": outcome.best_temperature,
        "micro_batch": session.step.micro_batch,
        "n_validated": len(valid),
    }
    if where.type == "cuda":
        summary["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated(where)
    return model, outcome, summary


def _session(
    work: Work, model, train: list[Row], valid: list[Row], *, unfreeze: str, scratch: bool
) -> fit.Fit:
    """Set up the loop: on images, or on the frozen stages' activations where these are small
    enough to keep."""
    params = work.params
    settings = fit.Settings(
        **{name: getattr(params, name) for name in SETTINGS},
        n_classes=len(work.data.classes),
        start_is_candidate=not scratch,
    )
    soft = [targets_of(rows, settings.n_classes) for rows in (train, valid)]
    folder, decoders = work.cache_dir / "squares", device.decoders(device.choose())
    pixels = [
        batches.squares(rows, folder, decoders=decoders, **work.listeners)
        for rows in (train, valid)
    ]
    labels = labels_of(train), labels_of(valid)
    cut = networks.stages_from(model, unfreeze)
    network = model
    if cut and _keepable(model, cut, len(train) + len(valid), params.views):
        views = params.views, 1
        kept = [
            _activations(work, model, cut, pixels[i], views[i], ("train", "valid")[i])
            for i in range(2)
        ]
        sources = [batches.ActivationBatches(kept[i], labels[i], targets=soft[i]) for i in range(2)]
        network = networks.Rest(model, cut)
    else:
        how = augment.Augment.of(params.augmentation, params.views)
        sources = [
            batches.ImageBatches(pixels[i], labels[i], how, targets=soft[i]) for i in range(2)
        ]
    return fit.Fit(
        network,
        *sources,
        settings,
        parameters=networks.trainable_parameters(model, unfreeze=unfreeze),
        statistics=networks.moving_statistics(model, unfreeze=unfreeze),
        factor_of=networks.learning_rate_factors(
            model, head=1.0 if scratch else params.head_factor, layer_decay=params.layer_decay
        ),
        train_mode=lambda: networks.set_training(model, unfreeze=unfreeze),
        file=work.work_dir / "checkpoint.safetensors",
        identity=work.identity(),
        **work.listeners,
    )


def _activations(
    work: Work, model, cut: int, pixels: np.ndarray, views: int, name: str
) -> np.ndarray:
    """Kept in the run's folder by what decides them, so the trials of a search share them."""
    facts = [work.data.fingerprint(), work.weights_sha256, work.params.seed, cut, views]
    decided_by = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    file = work.work_dir / f"activations-{name}-{decided_by}.npy"
    return batches.activations(model, cut, pixels, views=views, file=file, **work.listeners)


def _keepable(model, cut: int, n: int, views: int) -> bool:
    """Tell whether the activations after `cut` stages may be kept: on a CPU, up to 2 GiB of
    float16."""
    if next(model.parameters()).device.type != "cpu":
        return False
    with torch.no_grad():
        one = model.begin(
            torch.zeros(1, preprocess.CROP, preprocess.CROP, 3, dtype=torch.uint8), cut
        )
    return n * views * one.numel() * 2 <= ACTIVATIONS_LIMIT_BYTES


def with_validation(work: Work) -> tuple[list[Row], list[Row]]:
    """Return (train, valid) rows; without a valid split a stratified, grouped fifth of train is
    held back."""
    train, valid = work.data.train, work.data.valid
    if not valid:
        fold_of, _ = probe.assign_folds(labels_of(train), groups_of(train), seed=work.params.seed)
        valid = [row for row, fold in zip(train, fold_of, strict=True) if fold == 0]
        train = [row for row, fold in zip(train, fold_of, strict=True) if fold != 0]
    fewest = np.bincount(labels_of(train), minlength=len(work.data.classes)).min()
    if fewest < 2:
        raise TrainingFailed(
            gettext_noop("There are too few images to fine-tune and validate."),
            gettext_noop("Use the linear probe, or add images: at least 4 in each class."),
        )
    return train, valid
