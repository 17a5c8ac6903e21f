"""An ImageFolder zip with its splits.csv as rows of the engine."""

import csv
import hashlib
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from training.task_types.data import Row, TrainingData


def read(folder: Path) -> tuple[TrainingData, list[Row]]:
    """Return (what a training may see, the test rows) of the one zip in `folder`."""
    (archive,) = Path(folder).glob("*.zip")
    with (Path(folder) / "splits.csv").open() as file:
        lines = list(csv.DictReader(file))
    classes = sorted({line["label"] for line in lines})
    with zipfile.ZipFile(archive) as opened:
        rows = [_row(line, opened.read(line["file"]), classes) for line in lines]
    train = [row for row in rows if row.split == "train"]
    return TrainingData(classes, train), [row for row in rows if row.split == "test"]


def _row(line, data: bytes, classes) -> Row:
    group = "" if line["group"] in ("train", "test") else line["group"]
    source, label = partial(bytes, data), classes.index(line["label"])
    return Row(hashlib.sha256(data).hexdigest(), source, label, line["split"], group)


def repeated(data: TrainingData, times: int) -> TrainingData:
    """The same images under other hashes: a larger set for measuring speed."""
    rows = [
        replace(row, sha256=f"{row.sha256[:-4]}{n:04x}") for n in range(times) for row in data.rows
    ]
    return TrainingData(data.classes, rows)
