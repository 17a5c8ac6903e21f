"""What was scored on the test split is what answers: same transform, same graph, same numbers."""

import hashlib
import json
from functools import partial

import numpy as np
import pytest
import torch

from accounts.scoping import tenant_scope
from serving import services
from tests.serving import models
from tests.serving.conftest import answer, settled
from training.engine import backbones, export, networks, preprocess
from training.task_types import image_classification
from training.task_types.data import Row

PICTURES = [
    models.picture((200, 40, 90)),
    models.picture((20, 240, 30), size=(1500, 900), quality=92),
    models.picture((90, 90, 200), size=(301, 777), kind="PNG"),
]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """A small network of random weights, exported as a run exports it."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("artifact")
    model = networks.build(backbones.get("lepton_small"), len(models.CLASSES), weights=None)
    meta = {"classes": models.CLASSES, "backbone": {"name": "lepton_small"}}
    export.save(folder, model, meta=meta, parity_of=lambda *_exported: {})
    return folder


@pytest.mark.slow
def test_an_image_gets_the_same_answer_from_test_split_endpoint_and_torch(
    artifact, ask, inference, castings, acme, alice
):
    meta = json.loads((artifact / "meta.json").read_text())
    with tenant_scope(acme):
        data = (artifact / "model.onnx").read_bytes()
        version = models.model_version(castings.engagement, by=alice, data=data, meta=meta)
        deployment = services.deploy(castings, model_version=version, by=alice)
    assert settled(inference, acme, deployment).state == "live"
    rows = [
        Row(hashlib.sha256(data).hexdigest(), partial(bytes, data), 0, "test") for data in PICTURES
    ]
    scored = image_classification.evaluate(artifact, rows).probabilities
    by_torch = _by_torch(artifact)
    for data, expected, also in zip(PICTURES, scored, by_torch, strict=True):
        reply = answer(ask(data))
        assert reply["label"] == models.CLASSES[int(expected.argmax())]
        by_label = {one["label"]: one["score"] for one in reply["scores"]}
        served = np.array([by_label[name] for name in models.CLASSES])
        assert np.abs(served - expected).max() < 1e-3
        assert np.abs(served - also).max() < 1e-3
    plain, explained = (
        answer(ask(PICTURES[0])),
        answer(ask(PICTURES[0], params={"explain": "true"})),
    )
    assert "evidence" not in plain and explained["scores"] == plain["scores"]
    evidence = np.array(explained["evidence"])
    assert evidence.shape == (14, 14) and evidence.min() >= 0 and evidence.max() == 1


def _by_torch(artifact):
    model = export.load_torch(artifact)
    images = np.stack([preprocess.evaluation_input(data) for data in PICTURES])
    with torch.no_grad():
        return model(torch.from_numpy(images)).softmax(1).numpy()
