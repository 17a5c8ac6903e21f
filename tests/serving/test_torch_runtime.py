"""PyTorch answers as the exported graph does, and refuses what it would answer otherwise."""

import json
import subprocess
import sys

import httpx
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from accounts.scoping import tenant_scope
from serving import services
from serving.artifacts import Unsuited
from serving.heads import Head
from serving.runtimes import onnx as by_graph
from serving.runtimes import torch as runtime
from tests.engine.pictures import CLASSES, small_data
from tests.serving import models
from tests.serving.conftest import Process, answer, settled
from training.engine import artifact, backbones, export, networks, preprocess
from training.runs import files
from training.task_types import image_classification, params
from training.task_types.data import Beside

pytestmark = pytest.mark.slow

IMAGES = np.random.default_rng(1).integers(0, 256, (5, 224, 224, 3)).astype(np.uint8)
CLOSE = {"atol": runtime.TOLERANCE}


def facts(name="lepton_small"):
    known = backbones.get(name)
    network = {"name": name, "title": known.title, "parameters": known.parameters}
    return {"classes": CLASSES, "backbone": network}


def small(seed):
    """A network whose random weights differ in its backbone and its head."""
    network = networks.build(backbones.get("lepton_small"), 2, weights=None, seed=seed)
    with torch.no_grad():
        network.head.weight.mul_(20)
    return network


def saved(folder, model, name="lepton_small", **options):
    meta = facts(name) | {"device": None}
    export.save(folder, model, meta=meta, parity_of=lambda *_exported: {}, **options)
    return folder


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """A head on the untrained backbone, whose graph it shares."""
    folder, model = tmp_path_factory.mktemp("probe"), small(1)
    kept = export.export_backbone(model, folder / "kept.onnx")
    return saved(folder / "model", model, backbone_onnx=kept)


@pytest.fixture(scope="module")
def second_probe(tmp_path_factory, probe):
    """Another head on it."""
    model = small(1)
    model.set_head(torch.randn(2, 256) * 0.3, torch.tensor([0.1, -0.1]))
    folder = tmp_path_factory.mktemp("second")
    return saved(folder, model, backbone_onnx=probe / artifact.BACKBONE)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A network all of whose tensors are its own."""
    return saved(tmp_path_factory.mktemp("tuned"), small(2))


@pytest.fixture(scope="module")
def mobile(tmp_path_factory):
    """A network that gives fewer maps, on fewer places."""
    model = networks.build(backbones.get("mobilenet_v3_small"), 2, weights=None, seed=4)
    return saved(tmp_path_factory.mktemp("mobile"), model, "mobilenet_v3_small")


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory, probe, second_probe, tuned, mobile):
    """Two heads on one backbone and two networks of their own, calibrated and weighed."""
    folder = tmp_path_factory.mktemp("ensemble")
    members = {"one": probe, "two": second_probe, "three": tuned, "four": mobile}
    wanted = {"members": [*members], "weights": "fitted"}
    made = image_classification.train(
        small_data(n_valid=20),
        params.from_dict("ensemble", wanted),
        method="ensemble",
        work_dir=folder / "work",
        weights_dir=folder,
        cache_dir=folder / "cache",
        beside=Beside(models=members),
    )
    return made.folder


def opened(folder, graph=artifact.GRAPH):
    meta = artifact.read_meta(folder)
    return runtime.load(folder / graph, meta, weights=folder / artifact.WEIGHTS)


@pytest.mark.parametrize("kind", ["probe", "tuned", "mobile", "ensemble"])
def test_it_gives_the_graphs_probabilities_and_evidence(kind, request):
    folder = request.getfixturevalue(kind)
    ours, theirs = opened(folder), by_graph.load(folder / artifact.GRAPH, {})
    given, expected = ours.run(IMAGES), theirs.run(IMAGES)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, expected, **CLOSE)
    assert (given.argmax(1) == expected.argmax(1)).all()
    seen, wanted = ours.evidence(IMAGES[:1]), theirs.evidence(IMAGES[:1])
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(seen / scale, wanted / scale, **CLOSE)


def test_of_a_shared_backbone_it_gives_what_any_head_needs(probe, second_probe):
    shared = opened(probe, artifact.BACKBONE)
    weight, bias, _sha256 = artifact.read_head(second_probe / artifact.HEAD)
    head = Head(weight, bias)
    expected = by_graph.load(second_probe / artifact.GRAPH, {}).run(IMAGES)
    given = np.stack([head.answer(features) for features in shared.run(IMAGES)])
    np.testing.assert_allclose(given, expected, **CLOSE)
    assert shared.evidence(IMAGES[:1]).shape == (128, 14, 14)


def test_members_on_one_backbone_run_it_once(ensemble):
    network = opened(ensemble).network
    assert len(network.heads) == 4 and len(network.networks) == 3
    assert network.of == [0, 0, 1, 2]


def test_tensors_that_are_not_those_of_the_graph_are_refused(tuned, mobile, tmp_path):
    tensors = load_file(tuned / artifact.WEIGHTS)
    save_file(
        tensors | {"head.bias": tensors["head.bias"] + torch.tensor([3.0, 0.0])},
        tmp_path / "wrong.safetensors",
    )
    meta = artifact.read_meta(tuned)
    with pytest.raises(Unsuited, match="answers otherwise than its graph"):
        runtime.load(tuned / artifact.GRAPH, meta, weights=tmp_path / "wrong.safetensors")
    with pytest.raises(Unsuited, match="not those of lepton_small"):
        runtime.load(tuned / artifact.GRAPH, meta, weights=mobile / artifact.WEIGHTS)
    (tmp_path / "broken.safetensors").write_bytes(b"no tensors")
    with pytest.raises(Unsuited, match="cannot rebuild"):
        runtime.load(tuned / artifact.GRAPH, meta, weights=tmp_path / "broken.safetensors")


def test_a_quantised_version_is_refused(tuned):
    meta = artifact.read_meta(tuned) | {"quantised": {"precision": "int8"}}
    with pytest.raises(Unsuited, match="quantised"):
        runtime.load(tuned / artifact.GRAPH, meta, weights=tuned / artifact.WEIGHTS)


@pytest.fixture
def torch_inference(transactional_db, served, served_environment):
    process = Process(served_environment | {"LEPTON_RUNTIME": "torch"})
    try:
        yield process.start().wait()
    finally:
        process.stop()


def stored(engagement, folder, by):
    """A model version with the files of a folder."""
    meta = json.loads((folder / "meta.json").read_text())
    data = (folder / artifact.GRAPH).read_bytes()
    version = models.model_version(engagement, by=by, data=data, classes=meta["classes"], meta=meta)
    files.store(folder, version.storage_prefix)
    return version


def answered_by(process, number, url, asked) -> dict:
    """What a version answers, once it does: another process may have marked it live before, while
    this one answers by the version before, or says that it is being loaded."""
    replies = []

    def does():
        replied = httpx.post(url, **asked)
        if replied.status_code == 503:
            return False
        replies.append(answer(replied))
        return replies[-1]["model_version"] == number

    process.until(does)
    return replies[-1]


def test_an_endpoint_answers_by_torch_as_by_its_graph(
    torch_inference, castings, acme, alice, headers, probe, tuned, ensemble
):
    address = f"{torch_inference.url}/v1/endpoints/acme/castings"
    data = models.picture((20, 240, 30), size=(700, 300))
    image = preprocess.evaluation_input(data)[None]
    asked = {"content": data, "headers": headers, "params": {"explain": "true"}, "timeout": 30}
    for number, folder in enumerate((probe, tuned, ensemble), 1):
        with tenant_scope(acme):
            version = stored(castings.engagement, folder, alice)
            deployment = services.deploy(castings, model_version=version, by=alice)
        deployment = settled(torch_inference, acme, deployment)
        assert (deployment.state, deployment.cause) == ("live", "")
        reply = answered_by(torch_inference, number, f"{address}/predict", asked)
        expected = by_graph.load(folder / artifact.GRAPH, {}).run(image)[0]
        scores = {one["label"]: one["score"] for one in reply["scores"]}
        np.testing.assert_allclose([scores[name] for name in CLASSES], expected, **CLOSE)
        assert reply["label"] == CLASSES[int(expected.argmax())] and reply["evidence"]
        assert reply["model_version"] == number
    described = answer(httpx.get(f"{address}/v2/models/castings", headers=headers))
    assert described["platform"] == "pytorch_safetensors"


def test_what_torch_cannot_run_is_refused_and_what_answered_by_its_graph_is_left_alone(
    torch_inference, castings, acme, alice, version_of, headers
):
    with tenant_scope(acme):
        refused = services.deploy(castings, model_version=version_of(), by=alice)
    torch_inference.until(lambda: settled(torch_inference, acme, refused).state == "failed")
    assert "model.safetensors" in refused.cause
    with tenant_scope(acme):
        before = services.deploy(castings, model_version=version_of(seed=2), by=alice)
        type(before).objects.filter(pk=before.pk).update(state="live")
    url = f"{torch_inference.url}/v1/endpoints/acme/castings/predict"
    asked = {"content": models.picture(), "headers": headers}
    torch_inference.until(lambda: "loaded" in httpx.post(url, **asked).json()["error"])
    with tenant_scope(acme):
        before.refresh_from_db()
    assert before.state == "live"


def test_an_unknown_runtime_ends_the_process_and_names_the_known_ones(served_environment):
    command = [sys.executable, "-m", "serving.inference", "--port", "0", "--runtime", "tensor"]
    done = subprocess.run(command, env=served_environment, capture_output=True, text=True)
    assert done.returncode == 2 and "onnx, torch, null" in done.stderr
