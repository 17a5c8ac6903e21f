"""Train on a folder of class directories and print how the model does.

python -m training.engine FOLDER --weights WEIGHTS --set backbone=resnet50 --work WORK
FOLDER holds train/<class>/<image> and test/<class>/<image> (and may hold valid/<class>/<image>).
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from training.engine.errors import TrainingFailed
from training.task_types import image_classification, params
from training.task_types.data import Row, TrainingData


def main() -> int:
    """Run the command line; returns the exit status."""
    options = _parser().parse_args()
    classes = sorted(path.name for path in (options.folder / "train").iterdir() if path.is_dir())
    rows = _rows(options.folder, classes)
    settings = params.from_dict(options.method, dict(pair.split("=", 1) for pair in options.set))
    try:
        model = image_classification.train(
            TrainingData(classes, [row for row in rows if row.split != "test"]),
            settings,
            method=options.method,
            work_dir=options.work,
            weights_dir=options.weights or options.work,
            cache_dir=options.work / "cache",
            pretrained=options.weights is not None,
            progress=_show,
        )
        held_out = [row for row in rows if row.split == "test"]
        metrics = image_classification.evaluate(model, held_out, _show).metrics if held_out else {}
    except TrainingFailed as failure:
        sys.stderr.write(f"{failure.cause}\n{failure.hint}\n")
        return 1
    sys.stdout.write(
        json.dumps(
            {"model": str(model.folder), "summary": model.summary, "test": metrics}, indent=2
        )
        + "\n"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.engine", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", choices=params.METHODS, default="linear_probe")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the method"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        help="folder of pretrained weights; without it training starts from scratch",
    )
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="checkpoints, caches and the model go here"
    )
    return parser


def _rows(folder: Path, classes: list[str]) -> list[Row]:
    return [
        Row(hashlib.sha256(path.read_bytes()).hexdigest(), path, label, split)
        for split in ("train", "valid", "test")
        for label, name in enumerate(classes)
        for path in sorted((folder / split / name).glob("*"))
    ]


def _show(report) -> None:
    sys.stderr.write(f"\r{report.phase} {report.done}/{report.total} {report.message}".ljust(60))


if __name__ == "__main__":
    sys.exit(main())
