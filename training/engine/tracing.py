"""The ONNX graph of an architecture is traced once; each model's weights go into a copy of it.

Tracing takes seconds and ends alike whatever the weights are; what depends on them, such as folding
a batch norm into the convolution before it, is done to the copy.
"""

import contextlib
import io
import logging
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxscript import optimizer

from training.engine import networks, preprocess

PREFIX = "model."  # of the weights' names in a graph
_traced: dict[tuple, bytes] = {}  # graphs without weights, some hundred kB each


class _Features(torch.nn.Module):
    def __init__(self, model: networks.Classifier):
        super().__init__()
        self.model = model

    def forward(self, images):
        maps = self.model.maps(images)
        return self.model.pooled(maps), maps


def backbone_graph(model: networks.Classifier) -> onnx.ModelProto:
    """Return `model` without its head as a graph: images uint8 [n, 224, 224, 3] to features float32
    [n, features] and maps float32 [n, channels, height, width].

    `model` is in eval mode on the CPU. Raises RuntimeError when the exporter no longer keeps
    weights under their names.
    """
    weights = _weights(model)
    architecture = model.name, *((name, one.shape) for name, one in weights.items())
    if architecture not in _traced:
        _traced[architecture] = _outline(trace(model).model_proto, weights)
    graph = onnx.ModelProto.FromString(_traced[architecture])
    for place in _places(graph, weights).values():
        value = weights[place.name.removeprefix(PREFIX)]
        place.CopyFrom(numpy_helper.from_array(value, place.name))
    with quiet():
        return optimizer.optimize(graph)


def _weights(model: networks.Classifier) -> dict[str, np.ndarray]:
    """What the graph computes with: not the head, and not how often a batch norm was updated."""
    return {
        name: value.numpy()
        for name, value in model.state_dict().items()
        if name.startswith("backbone.") and not name.endswith("num_batches_tracked")
    }


def _outline(graph: onnx.ModelProto, weights: dict[str, np.ndarray]) -> bytes:
    """A graph without its weights, whose places keep their names. Raises RuntimeError."""
    places = _places(graph, weights)
    if missing := weights.keys() - places.keys():
        raise RuntimeError(f"The traced graph lacks {', '.join(sorted(missing))}.")
    for place in places.values():
        place.ClearField("raw_data")
    return graph.SerializeToString()


def _places(graph: onnx.ModelProto, weights) -> dict[str, onnx.TensorProto]:
    """Where the graph keeps each of the weights."""
    named = {one.name.removeprefix(PREFIX): one for one in graph.graph.initializer}
    return {name: one for name, one in named.items() if name in weights}


def trace(model: networks.Classifier) -> torch.onnx.ONNXProgram:
    """Trace `model` without its head, weights and all; nothing in the graph is folded yet."""
    example = torch.zeros(2, preprocess.CROP, preprocess.CROP, 3, dtype=torch.uint8)
    with torch.no_grad(), quiet():
        return torch.onnx.export(
            _Features(model).eval(),
            (example,),
            dynamo=True,
            optimize=False,
            external_data=False,
            verbose=False,
            input_names=["images"],
            output_names=["features", "maps"],
            dynamic_shapes={"images": {0: torch.export.Dim("n")}},
        )


@contextlib.contextmanager
def quiet():
    """Keep the exporter's chatter (logs, warnings, prints) out of a run's log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
