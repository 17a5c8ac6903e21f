"""Traffic for tests of monitoring: predictions of pictures that are kept, and a graph to see them.

The graph's features are the mean colours of nine fields of the picture, which is enough to tell
bright pictures from dark ones.
"""

import hashlib
import io
from datetime import timedelta

import numpy as np
import onnx
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from onnx import TensorProto, helper
from PIL import Image as Picture

from accounts.scoping import tenant_scope
from serving.models import Prediction
from training.engine.preprocess import PREPROCESSING_VERSION
from training.models import EvaluatedItem, Image, ModelVersion


def picture(level: float, draw, side=96) -> bytes:
    """A noisy grey picture of about this level, as JPEG."""
    pixels = np.clip(draw.normal(level, 12, (side, side, 3)), 0, 255).astype(np.uint8)
    target = io.BytesIO()
    Picture.fromarray(pixels).save(target, "JPEG")
    return target.getvalue()


def give_graph(place) -> None:
    """Store a graph with features for the place's model version."""
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 224, 224, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 27])
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["channels"], ["fields"], kernel_shape=[74, 74], strides=[74, 74]
        ),
        helper.make_node("Flatten", ["fields"], ["features"]),
    ]
    graph = helper.make_graph(nodes, "fields", [images], [features])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data = model.SerializeToString()
    onnx.checker.check_model(model)
    default_storage.save(f"{place.model.storage_prefix}/model.onnx", ContentFile(data))
    files = {"model.onnx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}
    meta = {"files": files, "preprocessing": {"version": PREPROCESSING_VERSION}}
    with tenant_scope(place.tenant):
        ModelVersion.objects.filter(pk=place.model.pk).update(meta=meta)


def hold_out(place, n=60, *, level=120, seed=1) -> None:
    """Give the model version test images of this level, answered half and half."""
    draw = np.random.default_rng(seed)
    with tenant_scope(place.tenant):
        for number in range(n):
            data = picture(level, draw)
            sha256 = hashlib.sha256(data).hexdigest()
            key = f"tenants/{place.tenant.pk}/images/{sha256}.jpg"
            default_storage.save(key, ContentFile(data))
            size = {"width": 96, "height": 96, "size_bytes": len(data)}
            image = Image.objects.create(
                sha256=sha256, original_sha256=sha256, storage_key=key, **size
            )
            answer = ("ok", "scratch")[number % 2]
            facts = {"label": answer, "answer": answer, "score": 0.9, "scores": [0.9, 0.1]}
            EvaluatedItem.objects.create(
                evaluation=place.evaluation, image=image, path=f"{number}.jpg", **facts
            )


def traffic(place, n=40, *, level=120, seed=2, labels=("ok", "scratch"), minutes_ago=5.0, **facts):
    """Log predictions of pictures of this level that are kept; returns them."""
    draw, rows = np.random.default_rng(seed), []
    begin = timezone.now() - timedelta(minutes=minutes_ago)
    for number in range(n):
        data = picture(level, draw)
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"tenants/{place.tenant.pk}/inputs/{sha256}.jpg"
        default_storage.save(key, ContentFile(data))
        row = {"score": 0.9, "scores": [0.9, 0.1], "latency_ms": 20.0} | facts
        rows.append(
            Prediction(
                tenant_id=place.tenant.pk,
                endpoint=place.endpoint,
                model_version=place.model,
                at=begin + timedelta(milliseconds=number),
                label=labels[number % len(labels)],
                input_sha256=sha256,
                input_key=key,
                **row,
            )
        )
    with tenant_scope(place.tenant):
        return Prediction.objects.bulk_create(rows)
