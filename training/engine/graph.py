"""ONNX graphs: open, run in batches, put a head on a backbone. Torch-free."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

BATCH = 16


def thread_count() -> int:
    """Threads one worker may use: LEPTON_THREADS, else OMP_NUM_THREADS, else 1 (neighbours share
    the cores)."""
    for name in ("LEPTON_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    return 1


def open_session(
    graph: Path | bytes, *, threads: int | None = None
) -> onnxruntime.InferenceSession:
    """Open an ONNX file or its bytes for the CPU with `threads` threads (default:
    thread_count())."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or thread_count()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, images: np.ndarray, output: str) -> np.ndarray:
    """Run uint8 images [n, 224, 224, 3] through the graph; returns the named output, float32 [n,
    ...]."""
    parts = [
        session.run([output], {"images": images[at : at + BATCH]})[0]
        for at in range(0, len(images), BATCH)
    ]
    return np.concatenate(parts)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return softmax over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def attach_head(backbone: Path, weight: np.ndarray, bias: np.ndarray, target: Path) -> None:
    """Write `backbone` (images to features and maps) with softmax(features @ weight.T + bias) on
    top to `target`.

    `weight` is float32 [classes, features], `bias` float32 [classes]. Reading stays possible with
    any ONNX runtime; the graph's outputs become probabilities, features and evidence float32 [n,
    classes, height, width], in that order. Evidence is the class activation map, the head applied
    at every place before pooling (Zhou et al., CVPR 2016); it costs nothing unless it is asked for.
    """
    import onnx  # 0.2 s and 40 MB that a server, which only opens and runs, need not pay
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(backbone)
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(weight.astype(np.float32), "head.weight"))
    graph.initializer.append(numpy_helper.from_array(bias.astype(np.float32), "head.bias"))
    graph.node.append(
        helper.make_node(
            "Gemm", ["features", "head.weight", "head.bias"], ["logits"], name="head", transB=1
        )
    )
    graph.node.append(
        helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax", axis=1)
    )
    _add_evidence(graph, weight)
    features = graph.output[0]
    probabilities = helper.make_tensor_value_info(
        "probabilities", TensorProto.FLOAT, ["n", len(bias)]
    )
    del graph.output[:]
    evidence = helper.make_tensor_value_info(
        "evidence", TensorProto.FLOAT, ["n", len(bias), "height", "width"]
    )
    graph.output.extend([probabilities, features, evidence])
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _add_evidence(graph, weight: np.ndarray) -> None:
    """The head as a 1 x 1 convolution of the maps, which are its features before pooling."""
    from onnx import helper, numpy_helper

    channels = next(o for o in graph.output if o.name == "maps").type.tensor_type.shape.dim[1]
    kernel = at_a_place(weight, channels.dim_value)[:, :, None, None].astype(np.float32)
    graph.initializer.append(numpy_helper.from_array(kernel, "head.evidence"))
    graph.node.append(
        helper.make_node("Conv", ["maps", "head.evidence"], ["evidence"], name="evidence")
    )


def at_a_place(weight: np.ndarray, channels: int) -> np.ndarray:
    """Return a head's weight for each map, [classes, channels], of its `weight` [classes,
    features].

    A network that pools both mean and maximum has two weights for each map; they are added.
    """
    return weight.reshape(len(weight), -1, channels).sum(1)
