"""Tiny real artifacts: a linear classifier on the mean colour, as ONNX, made in milliseconds."""

import hashlib
import io
import json
from functools import cache

import numpy as np
import onnx
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from accounts.models import author
from training.engine import preprocess
from training.models import Dataset, DatasetVersion, ModelVersion, Run

CLASSES = ["ok", "scratch"]


@cache
def graph(seed: int, classes: int = 2, turned: bool = False) -> bytes:
    """Images uint8 [n, 224, 224, 3] to probabilities and features, as the engine exports them.

    `turned` says the contrary of what the seed says otherwise.
    """
    weight = np.random.default_rng(seed).normal(size=(classes, 3)).astype(np.float32) * 4
    weight = weight[::-1].copy() if turned else weight
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "scale"], ["scaled"]),
        helper.make_node("ReduceMean", ["scaled", "axes"], ["features"], keepdims=0),
        helper.make_node("Gemm", ["features", "head.weight"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {
        "scale": np.array(255, np.float32),
        "axes": np.array([1, 2], np.int64),
        "head.weight": weight,
    }
    made = helper.make_model(
        helper.make_graph(
            nodes,
            "mean_colour",
            [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 224, 224, 3])],
            [
                helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes]),
                helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3]),
            ],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.checker.check_model(made)
    return made.SerializeToString()


@cache
def failing_graph() -> bytes:
    """Answers black images alone (what it is warmed with); on others its run raises."""
    made = onnx.load_from_string(graph(1))
    nodes = [
        helper.make_node("ReduceMax", ["floats"], ["brightest"], keepdims=0),
        helper.make_node("Cast", ["brightest"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["only", "place"], ["checked"]),  # there is one at 0 alone
    ]
    made.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "only"))
    summed = helper.make_node("Add", ["raw", "checked"], ["logits"])
    gemm = next(node for node in made.graph.node if node.op_type == "Gemm")
    gemm.output[0] = "raw"
    softmax = next(node for node in made.graph.node if node.op_type == "Softmax")
    made.graph.node.remove(softmax)
    made.graph.node.extend([*nodes, summed, softmax])
    onnx.checker.check_model(made)
    return made.SerializeToString()


def model_version(engagement, *, by, seed=1, data=None, classes=CLASSES, stored=None, meta=None):
    """A model version with its files; `stored` puts other bytes there than were hashed."""
    data = graph(seed, len(classes)) if data is None else data
    number = ModelVersion.objects.filter(engagement=engagement).count() + 1
    prefix = f"tenants/{engagement.tenant_id}/models/test-{engagement.pk}-{number}"
    facts = {
        "classes": list(classes),
        "preprocessing": preprocess.describe(),
        "files": {"model.onnx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
    } | (meta or {})
    default_storage.save(f"{prefix}/model.onnx", ContentFile(data if stored is None else stored))
    default_storage.save(f"{prefix}/meta.json", ContentFile(json.dumps(facts).encode()))
    return ModelVersion.objects.create(
        engagement=engagement,
        run=run_of(engagement, number, by),
        number=number,
        classes=list(classes),
        backbone="resnet18",
        method="linear_probe",
        storage_prefix=prefix,
        meta=facts,
        size_bytes=len(data),
    )


def run_of(engagement, number, by):
    dataset, _made = Dataset.objects.get_or_create(
        engagement=engagement, name="castings", defaults=author(by)
    )
    version, _made = DatasetVersion.objects.get_or_create(
        dataset=dataset,
        number=1,
        defaults={
            "classes": CLASSES,
            "split_policy": "stratified",
            "seed": 1,
            "counts": {},
            "manifest_sha256": "0" * 64,
            **author(by),
        },
    )
    return Run.objects.create(
        engagement=engagement,
        dataset_version=version,
        number=number,
        task_type="image_classification",
        method="linear_probe",
        backbone="resnet18",
        params={},
        state="succeeded",
        **author(by),
    )


def picture(colour=(200, 40, 90), size=(320, 240), kind="JPEG", **options) -> bytes:
    """An image with a gradient, so that geometry matters."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8) + np.array(colour, np.uint8)
    pixels[:, : size[0] // 3] //= 2
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()
