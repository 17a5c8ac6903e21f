"""Weigh one backbone and print it as JSON: `python -m training.engine.weigh resnet18 --onnx FILE`.

Needs torch. Counts parameters and multiply-adds, writes the ONNX graph that training.engine.timing
times, and times the network itself on a GPU where there is one.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from training.engine import backbones, export, networks, preprocess
from training.engine.errors import WeightsMissing

WARM_UP = 3


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backbone", choices=list(backbones.CATALOGUE))
    parser.add_argument("--weights", type=Path, required=True, help="the folder with weights")
    parser.add_argument("--onnx", type=Path, required=True, help="where the graph is written")
    parser.add_argument("--images", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, pretrained = _network(backbones.get(options.backbone), options.weights)
    found = {
        "pretrained": pretrained,
        "parameters": sum(one.numel() for one in model.backbone.parameters()),
        "multiply_adds": multiply_adds(model),
        "gpu": on_gpu(model, options.images) if torch.cuda.is_available() else None,
    }
    export.export_backbone(model, options.onnx)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def multiply_adds(model: networks.Classifier) -> int:
    """Count the multiply-adds of one 224 x 224 image up to the features: of convolutions and
    linear layers, which are all but the whole of it."""
    counted = []

    def note(layer: nn.Module, _inputs: tuple, output: Tensor) -> None:
        counted.append(output.numel() * layer.weight[0].numel())  # weights of one output value

    kinds = (nn.Conv2d, nn.Linear)
    layers = [layer for layer in model.backbone.modules() if isinstance(layer, kinds)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        model.features(_image())
    for hook in hooks:
        hook.remove()
    return sum(counted)


def on_gpu(model: networks.Classifier, images: int) -> dict:
    """Time float32 on the first GPU, one image at a time, with its transfer there and back."""
    model, times = model.to("cuda:0"), []
    torch.cuda.reset_peak_memory_stats()
    with torch.no_grad():
        for _number in range(WARM_UP + images):
            began = time.perf_counter()
            model.features(_image().to("cuda:0")).cpu()
            times.append((time.perf_counter() - began) * 1000)
    taken = times[WARM_UP:]
    memory = torch.cuda.max_memory_allocated()
    model.cpu()
    return {
        "device": "cuda:0",
        "name": torch.cuda.get_device_name(0),
        "runtime": f"PyTorch {version('torch')}",
        "memory_bytes": memory,
        "latency_ms": statistics.median(taken),
        "latency_p95_ms": sorted(taken)[int(0.95 * (len(taken) - 1))],
    }


def _network(backbone, weights_dir):
    """The network with its weights, or with random numbers: the cost is the same."""
    weights = None
    with contextlib.suppress(WeightsMissing):
        weights = backbones.find_weights(backbone, weights_dir)
    return networks.build(backbone, 2, weights=weights), weights is not None


def _image() -> Tensor:
    return torch.zeros(1, preprocess.CROP, preprocess.CROP, 3, dtype=torch.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
