"""CPU seconds, memory and accuracy on one core: a probe, its re-runs, a fine-tuning, a plain loop.

Each part runs in a process of its own with one thread and is charged for everything: imports,
decoding, training, the artifact, and the test split. The probe's re-runs share its process, as in
a worker that stays.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

ADDED, CORRECTED = 50, 20
HEAD = f"{'':34}{'CPU s':>9}{'× less':>9}{'MB':>7}{'read':>7}   accuracy (95 % interval)"


def main():
    """Measure every part against the plain loop, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, required=True, help="a zip and its splits.csv")
    arguments.add_argument("--weights", type=Path, required=True, help="torchvision's files")
    arguments.add_argument("--backbone", default="resnet50")
    arguments.add_argument("--epochs", type=int, default=10, help="of the plain loop")
    arguments.add_argument("--views", type=int, default=1, help="of the probe")
    arguments.add_argument("--only", nargs="*", default=list(PARTS), choices=PARTS)
    arguments.add_argument("--part", help=argparse.SUPPRESS)
    wanted = arguments.parse_args()
    if wanted.part:
        print(json.dumps(PARTS[wanted.part](wanted)))
        return
    print(f"{wanted.backbone}, {wanted.data.name}, one thread\n{HEAD}", flush=True)
    base = None
    for part in wanted.only:
        for name, found in _asked(part).items():
            base = base or found["cpu"]
            low, high = found["interval"]
            print(
                f"{f'{part}: {name}':34}{found['cpu']:>9.2f}{base / found['cpu']:>9.1f}"
                f"{found['mb']:>7.0f}{found['read']:>7}   {found['accuracy']:.3f}"
                f" ({low:.3f} to {high:.3f})",
                flush=True,
            )


def plain(wanted) -> dict:
    """The frozen network with a new last layer; all pixels in every epoch."""
    import torch

    from benchmarks.training import plain as loop

    with Meter() as meter:
        data, test = meter.read(wanted)
        found = loop.train(
            data,
            test,
            backbone=wanted.backbone,
            weights=next(wanted.weights.glob(f"{wanted.backbone}*.pth")),
            epochs=wanted.epochs,
            batch_size=32,
            frozen=True,
            device=torch.device("cpu"),
        )
    return {f"{wanted.epochs} epochs": meter.told(found.correct, found.n)}


def probe(wanted) -> dict:
    """A first probe without the last images, then with them, then with corrected labels."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, change in RUNS.items():
            with Meter(cold=not found) as meter:
                data, test = meter.read(wanted)
                rows = change(data.rows)
                metrics = _run(wanted, Path(folder), name, data, rows, test, "linear_probe")
            found[name] = meter.told(metrics["correct"], metrics["n"])
    return found


def fine_tune(wanted) -> dict:
    """The last stage, from the probe, by the defaults of the product."""
    with tempfile.TemporaryDirectory() as folder, Meter() as meter:
        data, test = meter.read(wanted)
        metrics = _run(wanted, Path(folder), "run", data, data.rows, test, "fine_tune")
    return {"last stage": meter.told(metrics["correct"], metrics["n"])}


PARTS = {"plain": plain, "probe": probe, "fine_tune": fine_tune}


def _corrected(rows):
    every = len(rows) // CORRECTED
    wrong = {id(row) for row in rows[::every][:CORRECTED]}
    return [replace(row, label=1 - row.label) if id(row) in wrong else row for row in rows]


RUNS = {
    f"first, without {ADDED} images": lambda rows: rows[ADDED:],
    f"{ADDED} images added": lambda rows: rows,
    f"{CORRECTED} labels changed": _corrected,
    "changed back": lambda rows: rows,
}


def _run(wanted, folder, name, data, rows, test, method) -> dict:
    from training.task_types import image_classification, params
    from training.task_types.data import TrainingData

    views = wanted.views if method == "linear_probe" else 2
    chosen = params.from_dict(method, {"backbone": wanted.backbone, "views": views})
    model = image_classification.train(
        TrainingData(data.classes, rows),
        chosen,
        method=method,
        work_dir=folder / name,
        weights_dir=wanted.weights,
        cache_dir=folder / "cache",
    )
    return image_classification.evaluate(model, test, cache_dir=folder / "cache").metrics


class Meter:
    """Reads CPU time, memory and how many different images were decoded while it is open."""

    def __init__(self, cold=True):
        self.began, self.reads = 0.0 if cold else _cpu(), Counter()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.cpu = _cpu() - self.began

    def read(self, wanted):
        """The set, its rows counting when their bytes are asked for."""
        from benchmarks.training import sets

        data, test = sets.read(wanted.data)
        counted = [
            [replace(row, source=self._counting(row)) for row in of] for of in (data.rows, test)
        ]
        return replace(data, rows=counted[0]), counted[1]

    def _counting(self, row):
        def source():
            self.reads[row.sha256] += 1
            return row.source()

        return source

    def told(self, correct, n) -> dict:
        from training.engine.evaluate import wilson_interval

        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        facts = {"cpu": self.cpu, "mb": memory, "read": len(self.reads)}
        return facts | {"accuracy": correct / n, "interval": wilson_interval(correct, n)}


def _asked(part) -> dict:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "LEPTON_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.training.cpu", *sys.argv[1:], "--part", part]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _cpu() -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime


if __name__ == "__main__":
    main()
