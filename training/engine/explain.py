"""Say what a model answers about an image and what it looked at, as JSON:

python -m training.engine.explain MODEL IMAGE --method grad_cam --label 1

MODEL is the folder of a model version. A process of its own, since Grad-CAM needs torch and the
rest does not. `heat` has rows over the centre crop, 0 to 1, the most being 1.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from training.engine import graph, preprocess

PATCH, STRIDE = 56, 28  # pixels that are covered, and moved by, of 224
GREY = 124  # what covers them: near the mean of natural images


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--method", choices=METHODS, default="answer")
    parser.add_argument("--label", type=int, help="the class explained; else the one answered")
    options = parser.parse_args()
    pixels = preprocess.evaluation_input(options.image.read_bytes())
    found = explain(options.model, pixels, options.method, options.label)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def explain(model: Path, pixels: np.ndarray, method: str, label: int | None = None) -> dict:
    """Return {scores, label, heat} for uint8 pixels [224, 224, 3]; heat is None for "answer"."""
    session = graph.open_session(model / "model.onnx")
    scores = graph.run(session, pixels[None], "probabilities")[0]
    label = int(scores.argmax()) if label is None else label
    heat = METHODS[method](model, session, pixels, label, float(scores[label]))
    rows = None if heat is None else _scaled(heat).round(3).tolist()
    return {"scores": scores.tolist(), "label": label, "heat": rows}


def evidence(_model, session, pixels, label, _score) -> np.ndarray:
    """The class activation map that stands in the graph, beyond that of the mean class."""
    maps = graph.run(session, pixels[None], "evidence")[0]
    return maps[label] - maps.mean(0)


def grad_cam(model, _session, pixels, label, _score) -> np.ndarray:
    """Grad-CAM (Selvaraju et al., ICCV 2017) on the last maps: each map counts by the mean gradient
    of the class's logit by it. Asks the network in torch, before any quantisation."""
    import torch

    from training.engine import export

    network = export.load_torch(model)
    maps = network.maps(torch.from_numpy(pixels[None].copy())).detach().requires_grad_()
    network.head(network.pooled(maps))[0, label].backward()
    weights = maps.grad.mean((2, 3), keepdim=True)
    return (weights * maps).sum(1)[0].detach().numpy()


def occlusion(_model, session, pixels, label, score) -> np.ndarray:
    """How much less the class is believed in where a grey patch covers the picture (Zeiler and
    Fergus, ECCV 2014), on a grid of 8 by 8; needs no gradient and no look inside."""
    side = preprocess.CROP
    starts = range(0, side - PATCH + 1, STRIDE)
    places = [(top, left) for top in starts for left in starts]
    covered = np.repeat(pixels[None], len(places), axis=0)
    for one, (top, left) in zip(covered, places, strict=True):
        one[top : top + PATCH, left : left + PATCH] = GREY
    lost = score - graph.run(session, covered, "probabilities")[:, label]
    cells, seen = (np.zeros((side // STRIDE,) * 2) for _ in range(2))
    wide = PATCH // STRIDE
    for drop, (top, left) in zip(lost, places, strict=True):
        row, column = top // STRIDE, left // STRIDE
        part = np.s_[row : row + wide, column : column + wide]
        cells[part] += drop
        seen[part] += 1
    return cells / seen


def answer(*_facts) -> None:
    """The scores alone."""


METHODS = {"evidence": evidence, "grad_cam": grad_cam, "occlusion": occlusion, "answer": answer}


def _scaled(heat: np.ndarray) -> np.ndarray:
    positive = np.maximum(heat, 0)
    return positive / max(float(positive.max()), 1e-9)


if __name__ == "__main__":
    raise SystemExit(main())
