"""Probe and fine-tuning side by side on one set, what was advised before, and doubted labels."""

import argparse
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.training import sets
from training.engine import curves, probe
from training.task_types import advice, image_classification, params
from training.task_types.data import TrainingData

FLIPPED = 0.05


def main():
    """Train both on the same rows, test them on the same images, and print what came out."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="a zip and its splits.csv")
    arguments.add_argument("--weights", type=Path, required=True, help="torchvision's files")
    arguments.add_argument("--backbone", default="resnet18")
    wanted = arguments.parse_args()
    whole, test = sets.read(wanted.data)
    data = _validated(whole)
    print(f"{wanted.data.name}, {wanted.backbone}: {_counts(data, test)}")
    method, _chosen, reason = advice.defaults_for(len(data.train), len(data.classes))
    print(f"advised: {method}. {reason}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        right = {}
        for name, changes in (("linear_probe", {}), ("fine_tune", {"balance": "weights"})):
            began = _cpu()
            model = _trained(wanted, data, name, Path(folder), **changes)
            found = image_classification.evaluate(model, test, cache_dir=Path(folder) / "cache")
            right[name] = found.probabilities.argmax(1) == found.labels
            _told(name, found.metrics, model, (_cpu() - began) / 60)
        paired = curves.compared(right["linear_probe"], right["fine_tune"])
        low, high = paired["interval"]
        print(
            f"fine-tune less probe: {paired['difference']:+.3f} ({low:+.3f} to {high:+.3f}),",
            end="",
        )
        print(f" p {paired['p']:.3f} (exact McNemar, n = {paired['n']})", flush=True)
        _doubts(wanted, data, Path(folder))


def _validated(data: TrainingData) -> TrainingData:
    """A fifth of the train rows as validation, groups kept together, as a freeze deals them."""
    labels, groups = [r.label for r in data.rows], [r.group or r.sha256 for r in data.rows]
    fold_of, _kind = probe.assign_folds(np.array(labels), groups, seed=7)
    rows = [
        replace(row, split="valid" if fold == 0 else "train")
        for row, fold in zip(data.rows, fold_of, strict=True)
    ]
    parts = {
        split: {r.group for r in rows if r.group and r.split == split}
        for split in ("train", "valid")
    }
    assert not parts["train"] & parts["valid"], "a group is in two splits"
    return TrainingData(data.classes, rows)


def _counts(data, test) -> str:
    groups = {row.group for row in data.rows if row.group}
    shared = groups & {row.group for row in test if row.group}
    parts = f"{len(data.train)} train, {len(data.valid)} valid, {len(test)} test"
    return f"{parts}, {len(groups)} groups, {len(shared)} of them in the test too"


def _told(name, metrics, model, minutes):
    best = model.summary.get("best_epoch", 0)
    valid = model.history[best]["valid_accuracy"]
    figures = [_figure(metrics, one) for one in ("accuracy", "macro_f1", "macro_auc")]
    figures.append(f"ECE {metrics['expected_calibration_error']:.3f}")
    figures.append(f"validation accuracy {valid:.3f}, best epoch {best}")
    print(f"{name}: {'; '.join(figures)}; {minutes:.1f} CPU minutes", flush=True)


def _figure(metrics, name) -> str:
    low, high = metrics[f"{name}_interval"]
    return f"{name} {metrics[name]:.3f} ({low:.3f} to {high:.3f})"


def _doubts(wanted, data, folder):
    """Make 5 % of the train labels wrong and see which of them the list of suspects names."""
    rng, train = np.random.default_rng(3), data.train
    wrong = set(rng.choice(len(train), round(FLIPPED * len(train)), replace=False).tolist())
    classes, flipped = len(data.classes), list(train)
    for place in wrong:
        label = (train[place].label + int(rng.integers(1, classes))) % classes
        flipped[place] = replace(train[place], label=label)
    model = _trained(
        wanted, TrainingData(data.classes, flipped + data.valid), "linear_probe", folder, seed=1
    )
    crossed = model.summary["cross_validated_accuracy"]
    named = {one.row for one in model.suspects}
    if not named:
        print(f"{len(wrong)} labels flipped: nothing named, cross-validated {crossed:.3f}")
        return
    hits = named & wrong
    first = {one.row for one in model.suspects[: len(wrong)]} & wrong
    print(
        f"{len(wrong)} labels flipped, cross-validated {crossed:.3f}, {len(named)} named:", end=""
    )
    print(f" precision {len(hits) / len(named):.2f}, recall {len(hits) / len(wrong):.2f};", end="")
    print(f" of the first {len(wrong)} right {len(first) / len(wrong):.2f}", flush=True)


def _trained(wanted, data, method, folder, **changes):
    return image_classification.train(
        data,
        params.from_dict(method, {"backbone": wanted.backbone} | changes),
        method=method,
        work_dir=folder / f"{method}{changes}".replace(" ", ""),
        weights_dir=wanted.weights,
        cache_dir=folder / "cache",
    )


def _cpu() -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime


if __name__ == "__main__":
    main()
