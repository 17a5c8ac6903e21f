"""Images a second, memory and accuracy of ResNet-50 on a GPU, beside torchvision's plain loop."""

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.training import plain, sets
from training.engine import preprocess
from training.engine.evaluate import wilson_interval
from training.task_types import image_classification, params
from training.task_types.image_classification import work

BACKBONE = "resnet50"


def main():
    """Measure in one run, and print a line each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--data", type=Path, required=True, help="folder with a zip and splits.csv"
    )
    arguments.add_argument("--weights", type=Path, required=True, help="folder with resnet50.pth")
    arguments.add_argument("--times", type=int, default=12, help="the set repeated, for speed")
    arguments.add_argument("--workers", type=int, default=8, help="of the plain loop's DataLoader")
    arguments.add_argument("--compiled", action="store_true", help="time the compiled one too")
    wanted = arguments.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    data, test = sets.read(wanted.data)
    many = sets.repeated(data, wanted.times)
    weights = next(wanted.weights.glob(f"{BACKBONE}*.pth"))
    looks = {"backbone": BACKBONE, "weights": weights, "device": torch.device("cuda")}
    looks |= {"frozen": False, "workers": wanted.workers}
    for bf16 in (False, True):
        name = f"plain loop, {'bf16' if bf16 else 'float32 (TF32)'}"
        torch.cuda.reset_peak_memory_stats()
        found = plain.train(many, test[:1], epochs=4, batch_size=64, bf16=bf16, **looks)
        rate = len(many.rows) / statistics.median(found.epoch_seconds[1:])
        print(f"{name}: {rate:.0f} images/s, {found.peak_gpu_bytes / 1e9:.1f} GB", flush=True)
    engine_speed("Lepton", many, wanted.weights, "never")
    if wanted.compiled:
        engine_speed("Lepton, compiled", many, wanted.weights, "always")
    extraction(many, wanted.weights)
    short_of_memory(data, wanted.weights)
    for bf16 in (False, True):
        began = time.monotonic()
        found = plain.train(data, test, epochs=20, batch_size=32, bf16=bf16, **looks)
        told(
            f"plain loop, 20 epochs, bf16 {bf16}", found.correct, found.n, time.monotonic() - began
        )
    for method, changes in (("linear_probe", {}), ("fine_tune", TUNED)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            model = trained(method, data, wanted.weights, Path(folder), **changes)
            seconds = time.monotonic() - began
            metrics = image_classification.evaluate(model, test).metrics
        told(f"Lepton, {method}", metrics["correct"], metrics["n"], seconds)


TUNED = {"unfreeze": "all", "epochs": 20, "learning_rate": 1e-4, "layer_decay": 0.7}


def engine_speed(name, data, weights, how):
    """Speed of the steps (median between reports), and of the whole training with validation."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    seen = []

    def look(report):
        if report.phase == "training" and report.total > 1:
            seen.append((time.monotonic(), report.done))

    began = time.monotonic()
    changes = TUNED | {"epochs": 4, "batch_size": 64, "patience": 500, "compile": how}
    with tempfile.TemporaryDirectory() as folder:
        model = trained("fine_tune", data, weights, Path(folder), progress=look, **changes)
    rates = [
        (after[1] - before[1]) * 64 / (after[0] - before[0])
        for before, after in itertools.pairwise(seen[1:])
        if after[1] > before[1]
    ]
    peak = model.summary["peak_gpu_memory_bytes"] / 1e9
    whole = f"{time.monotonic() - began:.0f} s with decoding, probe and export"
    print(
        f"{name}: {statistics.median(rates[5:]):.0f} images/s, {peak:.1f} GB, {whole}", flush=True
    )


def extraction(data, weights):
    """Features from cold: decoding and forward."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        vectors(data, weights, Path(folder))
        print(f"features, cold: {len(data.rows) / (time.monotonic() - began):.0f} images/s")
    images = [preprocess.evaluation_input(row.read()) for row in data.rows[:64]]
    print(f"  of {len(images)} decoded: {images[0].shape}", flush=True)


def vectors(data, weights, folder):
    task = work.Work(
        data,
        params.from_dict("linear_probe", {"backbone": BACKBONE, "views": 1}),
        "linear_probe",
        weights,
        True,
        folder,
        folder,
        lambda report: None,
        lambda: False,
    )
    return work.vectors_of(task, data.rows)


def short_of_memory(data, weights):
    """Leave a training 2 GB: it must go on in parts."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(2e9 / total)
    changes = TUNED | {"epochs": 1, "batch_size": 128, "compile": "never"}
    with tempfile.TemporaryDirectory() as folder:
        model = trained("fine_tune", data, weights, Path(folder), **changes)
    torch.cuda.set_per_process_memory_fraction(1.0)
    print(f"batch 128 within 2 GB: {model.summary['micro_batch']} images at once", flush=True)


def trained(method, data, weights, folder, progress=lambda report: None, **changes):
    return image_classification.train(
        data,
        params.from_dict(method, {"backbone": BACKBONE} | changes),
        method=method,
        work_dir=folder / "work",
        weights_dir=weights,
        cache_dir=folder / "cache",
        progress=progress,
    )


def told(name, correct, n, seconds):
    low, high = wilson_interval(correct, n)
    print(
        f"{name}: {correct / n:.3f} ({low:.3f} to {high:.3f}), n = {n}, {seconds:.0f} s", flush=True
    )


if __name__ == "__main__":
    main()
