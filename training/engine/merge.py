"""Several classifiers as one graph that answers with a weighted mean. Torch-free.

What two members compute alike, node for node and weight for weight, stands in the graph once: heads
on one frozen backbone share it, and tuned networks share the stages that neither changed.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST = 1e-12  # a probability's logarithm is taken from here on


class _Union:
    """Nodes and tensors of several graphs, each kept once."""

    def __init__(self):
        self.nodes, self.tensors = [], []
        self._known: dict[tuple, list[str]] = {}

    def tensor(self, tensor: onnx.TensorProto) -> str:
        """Keep a tensor and return its name here."""
        value = numpy_helper.to_array(tensor)
        content = hashlib.sha256(value.tobytes()).hexdigest()
        key = ("tensor", str(value.dtype), value.shape, content)
        if key not in self._known:
            kept = onnx.TensorProto()
            kept.CopyFrom(tensor)
            kept.name = f"t{len(self.tensors)}"
            self.tensors.append(kept)
            self._known[key] = [kept.name]
        return self._known[key][0]

    def node(self, node: onnx.NodeProto, names: dict[str, str]) -> list[str]:
        """Keep a node whose inputs are called `names` here; returns its outputs' names."""
        inputs = [names[name] if name else "" for name in node.input]
        attributes = tuple(sorted(one.SerializeToString() for one in node.attribute))
        key = (node.domain, node.op_type, tuple(inputs), attributes, len(node.output))
        if key not in self._known:
            kept = onnx.NodeProto()
            kept.CopyFrom(node)
            kept.name = f"n{len(self.nodes)}"
            del kept.input[:], kept.output[:]
            kept.input.extend(inputs)
            outputs = [f"{kept.name}_{i}" if o else "" for i, o in enumerate(node.output)]
            kept.output.extend(outputs)
            self.nodes.append(kept)
            self._known[key] = outputs
        return self._known[key]

    def add(self, op: str, inputs: Sequence[str], **attributes) -> str:
        """Add a node of our own; returns its output's name."""
        node = helper.make_node(op, list(inputs), ["out"], **attributes)
        return self.node(node, {name: name for name in inputs})[0]

    def number(self, *values: float, dtype=np.float32) -> str:
        """A constant vector, or a scalar for a single value."""
        array = np.array(values if len(values) > 1 else values[0], dtype=dtype)
        return self.tensor(numpy_helper.from_array(array, "constant"))


def merge(
    graphs: Sequence[Path], target: Path, *, temperatures: Sequence[float], weights: Sequence[float]
) -> dict:
    """Write one graph whose probabilities are sum(weights[i] * calibrated[i]) to `target`.

    A member is calibrated by its temperature: softmax(log(p) / temperature), as if its logits had
    been divided by it (Guo et al., ICML 2017). `features` are the members' different ones side by
    side; `evidence` is their weighted mean, left out where a member has none. Returns {nodes,
    nodes_apart}: how many nodes the graph has, and how many the members have in all.
    """
    models = [onnx.load(path) for path in graphs]
    union, members = _Union(), []
    for model in models:
        members.append(_absorb(union, model.graph))
    outputs = {"probabilities": _mean(union, members, temperatures, weights)}
    outputs["features"] = _side_by_side(union, [one["features"] for one in members])
    if all("evidence" in one for one in members):
        outputs["evidence"] = _evidence(union, models, members, weights)
    _write(union, models, outputs, target)
    apart = sum(len(model.graph.node) for model in models)
    return {"nodes": len(union.nodes), "nodes_apart": apart}


def _absorb(union: _Union, graph: onnx.GraphProto) -> dict[str, str]:
    """Take a graph's nodes; returns what its outputs are called in the union."""
    names = {graph.input[0].name: "images"}
    names |= {tensor.name: union.tensor(tensor) for tensor in graph.initializer}
    for node in graph.node:
        names |= dict(zip(node.output, union.node(node, names), strict=True))
    return {one.name: names[one.name] for one in graph.output}


def _mean(union, members, temperatures, weights) -> str:
    parts = []
    for one, heat, weight in zip(members, temperatures, weights, strict=True):
        certain = union.add("Max", [one["probabilities"], union.number(LEAST)])
        cooled = union.add("Div", [union.add("Log", [certain]), union.number(heat)])
        calibrated = union.add("Softmax", [cooled], axis=1)
        parts.append(union.add("Mul", [calibrated, union.number(weight)]))
    return union.add("Sum", parts)


def _side_by_side(union, names) -> str:
    different = list(dict.fromkeys(names))
    return union.add("Concat", different, axis=1)


def _evidence(union, models, members, weights) -> str:
    """The weighted mean of the maps, all brought to the side of the first."""
    wanted = _side(models[0])
    parts = []
    for model, one, weight in zip(models, members, weights, strict=True):
        here, maps = _side(model), one["evidence"]
        if here != wanted:
            scales = union.number(1.0, 1.0, *(a / b for a, b in zip(wanted, here, strict=True)))
            maps = union.add("Resize", [maps, "", scales], mode="linear")
        parts.append(union.add("Mul", [maps, union.number(weight)]))
    return union.add("Sum", parts)


def _side(model) -> tuple[int, int]:
    """The height and width of a graph's evidence, asked of the graph itself."""
    from training.engine import graph, preprocess

    side = preprocess.CROP
    session = graph.open_session(model.SerializeToString())
    return graph.run(session, np.zeros((1, side, side, 3), np.uint8), "evidence").shape[2:]


def _write(union, models, outputs, target) -> None:
    for name, inner in outputs.items():
        union.nodes.append(helper.make_node("Identity", [inner], [name], name=f"out_{name}"))
    shapes = {"probabilities": ["n", "classes"], "features": ["n", "features"]}
    shapes["evidence"] = ["n", "classes", "height", "width"]
    described = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs
    ]
    model = onnx.ModelProto()
    model.CopyFrom(models[0])
    model.ClearField("graph")
    graph = helper.make_graph(
        union.nodes, "ensemble", [models[0].graph.input[0]], described, union.tensors
    )
    graph.input[0].name = "images"
    model.graph.CopyFrom(graph)
    _take_opsets(model, models)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _take_opsets(model, models) -> None:
    """Opset versions of all members, the newest of each domain."""
    newest = {}
    for one in models:
        for opset in one.opset_import:
            newest[opset.domain] = max(newest.get(opset.domain, 0), opset.version)
    model.ClearField("opset_import")
    model.opset_import.extend(helper.make_opsetid(domain, n) for domain, n in newest.items())
