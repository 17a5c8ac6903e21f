"""What a fine-tuning consists of, however many processes carry it out: rows, batches, the loop."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.engine import augment, batches, device, fit, networks, preprocess, probe
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.ranks import Alone, Together
from training.task_types.data import Row
from training.task_types.image_classification.work import Work, groups_of, labels_of, targets_of

SETTINGS = ("epochs", "learning_rate", "batch_size", "seed", "weight_decay", "label_smoothing")
SETTINGS += ("patience", "warm_up", "ema", "mixup", "balance", "micro_batch", "compile")
ACTIVATIONS_LIMIT_BYTES = 2 * 1024**3
ALONE = Alone()
Source = batches.ImageBatches | batches.ActivationBatches


def unfreeze(work: Work) -> str:
    """What may change: everything where the network starts from random numbers."""
    return "all" if work.weights is None else work.params.unfreeze


def session(work: Work, model: networks.Classifier, ranks: Alone | Together = ALONE) -> fit.Fit:
    """Set up the loop for `model`, which lies on its device."""
    params, scratch, chosen = work.params, work.weights is None, unfreeze(work)
    settings = fit.Settings(
        **{name: getattr(params, name) for name in SETTINGS},
        n_classes=len(work.data.classes),
        start_is_candidate=not scratch,
    )
    network, train, valid = sources(work, model)
    return fit.Fit(
        network,
        train,
        valid,
        settings,
        parameters=networks.trainable_parameters(model, unfreeze=chosen),
        statistics=networks.moving_statistics(model, unfreeze=chosen),
        factor_of=networks.learning_rate_factors(
            model, head=1.0 if scratch else params.head_factor, layer_decay=params.layer_decay
        ),
        train_mode=lambda: networks.set_training(model, unfreeze=chosen),
        file=checkpoint_of(work),
        identity=work.identity(),
        ranks=ranks,
        **work.listeners,
    )


def checkpoint_of(work: Work) -> Path:
    """Where the loop writes where it stands."""
    return work.work_dir / "checkpoint.safetensors"


def found(session: fit.Fit) -> dict:
    """What a loop that ended says of itself."""
    told = {"micro_batch": session.step.micro_batch}
    if session.device.type == "cuda":
        told["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated(session.device)
    return told


def sources(work: Work, model: networks.Classifier) -> tuple[nn.Module, Source, Source]:
    """Return what is trained, on what, and what it is judged on: the model on images, or the rest
    of it on the frozen stages' activations where these are small enough to keep."""
    params, (train, valid) = work.params, with_validation(work)
    soft = [targets_of(rows, len(work.data.classes)) for rows in (train, valid)]
    pixels = _pixels(work)
    labels = labels_of(train), labels_of(valid)
    cut = networks.stages_from(model, unfreeze(work))
    network = model
    if cut and _keepable(model, cut, len(train) + len(valid), params.views):
        views = params.views, 1
        kept = [
            _activations(work, model, cut, pixels[i], views[i], ("train", "valid")[i])
            for i in range(2)
        ]
        made = [batches.ActivationBatches(kept[i], labels[i], targets=soft[i]) for i in range(2)]
        network = networks.Rest(model, cut)
    else:
        how = augment.Augment.of(params.augmentation, params.views)
        made = [batches.ImageBatches(pixels[i], labels[i], how, targets=soft[i]) for i in range(2)]
    return network, *made


def prepare(work: Work, model: networks.Classifier) -> None:
    """Decode, and keep what several processes will read; `model` lies on the CPU. They keep no
    activations on a GPU."""
    if device.choose().type == "cuda":
        _pixels(work)
    else:
        sources(work, model)


def _pixels(work: Work) -> list[np.ndarray]:
    """The squares of the training and of the validation rows."""
    folder, decoders = work.cache_dir / "squares", device.decoders(device.choose())
    return [
        batches.squares(rows, folder, decoders=decoders, **work.listeners)
        for rows in with_validation(work)
    ]


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
