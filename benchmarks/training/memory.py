"""Peak memory of a training on many large images, beside what the libraries take."""

import argparse
import io
import resource
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from training.engine import preprocess
from training.task_types import image_classification, params
from training.task_types.data import Row, TrainingData

DIFFERENT = 40  # pictures made; the rows take turns


def main():
    """Train once on `--images` pictures of 1000 x 1000 pixels and print the peak."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=5000)
    arguments.add_argument("--method", default="linear_probe", choices=params.METHODS)
    arguments.add_argument("--backbone", default="lepton_small")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _rows(folder, wanted.images)
        preprocess.canonical(rows[0].read())
        before = _peak()
        model = image_classification.train(
            TrainingData(["dark", "light"], rows),
            params.from_dict(wanted.method, _settings(wanted)),
            method=wanted.method,
            work_dir=folder / "work",
            weights_dir=folder,
            cache_dir=folder / "cache",
            pretrained=False,
        )
        print(
            f"{wanted.method} of {wanted.backbone} on {wanted.images} images of 1000 x 1000:",
            end="",
        )
        print(f" {before / 1e6:.0f} MB before, peak {_peak() / 1e6:.0f} MB", end="")
        print(f"; model {(model.folder / 'model.safetensors').stat().st_size / 1e6:.1f} MB")


def _settings(wanted) -> dict:
    quick = {"epochs": 1} if wanted.method == "fine_tune" else {}
    return {"backbone": wanted.backbone, "views": 1, **quick}


def _rows(folder, n) -> list[Row]:
    files = []
    for number in range(DIFFERENT):
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 128, (50, 50, 3), dtype=np.uint8) + (number % 2) * 100
        out = io.BytesIO()
        Image.fromarray(coarse.astype(np.uint8)).resize((1000, 1000)).save(out, "JPEG", quality=90)
        file = folder / f"{number}.jpg"
        file.write_bytes(out.getvalue())
        files.append(file)
    return [
        Row(
            f"{place:064x}",
            files[place % DIFFERENT],
            place % 2,
            "valid" if place % 10 < 2 else "train",
        )
        for place in range(n)
    ]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
