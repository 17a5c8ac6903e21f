"""`python -m benchmarks.serving.exported BACKBONE WEIGHTS FOLDER PRECISION`: an untrained head on a
backbone, exported in a process of its own, since those who serve it need no torch."""

import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.serving.stage import pictures
from training.engine import backbones, export, networks, quantise
from training.engine.preprocess import evaluation_input

CLASSES = ["ok", "scratch"]


def main(name: str, weights: str, folder: str, precision: str) -> None:
    """Without a folder of weights the backbone's are random; int8 is calibrated on the pictures
    that are asked."""
    spec, target = backbones.get(name), Path(folder)
    found = backbones.find_weights(spec, Path(weights)) if weights and spec.pretrained else None
    model = networks.build(spec, len(CLASSES), weights=found)
    kept = export.export_backbone(model, target / "kept.onnx")
    finish = None
    if precision == "int8":
        images = np.stack([evaluation_input(data) for data in pictures()])
        finish = partial(quantise.quantise, images=images)
    meta = {"classes": CLASSES, "backbone": {"name": name}}
    parity = {"parity_of": lambda *_exported: {}}
    export.save(target, model, backbone_onnx=kept, meta=meta, finish=finish, **parity)


if __name__ == "__main__":
    main(*sys.argv[1:])
