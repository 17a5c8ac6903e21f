"""Fine-tune a backbone from its linear probe, or a network from scratch."""

import torch

from training.engine import device, networks
from training.engine.state import State
from training.task_types.data import TrainedModel
from training.task_types.image_classification import several, tuning
from training.task_types.image_classification.work import Work, fit_probe, save, vectors_of

with_validation = tuning.with_validation


def train(work: Work) -> TrainedModel:
    """Start from the probe (or random numbers), tune, and save the best epoch."""
    model, outcome, summary = fitted(work)
    frozen = work.backbone_onnx() if summary["unfreeze"] == "head" else None
    return save(work, model, outcome.history, summary, backbone_onnx=frozen)


def fitted(work: Work) -> tuple[networks.Classifier, State, dict]:
    """Tune and return the model with its best weights, how it went, and what was chosen."""
    rows, valid = with_validation(work)
    model, scratch, summary = work.build(), work.weights is None, {}
    if not scratch:
        vectors = vectors_of(work, rows)
        start = fit_probe(work, rows, vectors)
        model.set_head(torch.from_numpy(start.weight), torch.from_numpy(start.bias))
        summary = {"probe_l2": start.l2, "folds": start.folds}
    tune = several.tuned if several.count(work) > 1 else _tuned
    outcome, found = tune(work, model)
    if outcome.best_epoch > 0:
        with torch.no_grad():
            model.head.weight.div_(outcome.best_temperature)
            model.head.bias.div_(outcome.best_temperature)
    summary |= {
        "best_epoch": outcome.best_epoch,
        "unfreeze": tuning.unfreeze(work),
        "temperature": outcome.best_temperature,
        "n_validated": len(valid),
        **found,
    }
    return model, outcome, summary


def _tuned(work: Work, model: networks.Classifier) -> tuple[State, dict]:
    """Tune `model` in this process; it has its best weights then, on the CPU."""
    where = device.choose()
    model.to(where)
    session = tuning.session(work, model)
    outcome = session.run()
    model.cpu()
    return outcome, tuning.found(session)
