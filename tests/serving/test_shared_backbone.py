"""Versions that are a head on the same backbone share its graph; their answers are the same."""

import httpx
import numpy as np
import pytest
import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts import system
from accounts.scoping import tenant_scope
from serving import services
from serving.asks import Ask
from serving.heads import Head
from serving.opening import Model
from serving.runtimes import onnx as runtime
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer, settled
from tests.serving.test_batcher import with_batcher
from training.engine import artifact, backbones, export, graph, networks
from training.runs import files

PICTURES = [models.picture((200, 40, 90)), models.picture((20, 240, 30), size=(700, 300))]


def deploy(inference, tenant, endpoint, version, by):
    with tenant_scope(tenant):
        deployment = services.deploy(endpoint, model_version=version, by=by)
    return settled(inference, tenant, deployment)


@pytest.fixture
def globex(carol):
    [tenant] = system.tenants_of(carol)
    return tenant


@pytest.fixture
def globex_endpoint(globex, carol):
    engagement = factories.engagement(globex, carol)
    with tenant_scope(globex):
        return services.create_endpoint(engagement, slug="panes", by=carol)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["lepton_small", "mobilenet_v3_small"])
def test_a_head_on_the_backbone_answers_as_the_whole_exported_graph(backbone, tmp_path):
    torch.manual_seed(3)
    model = networks.build(backbones.get(backbone), 3, weights=None)
    exported = export.export_backbone(model, tmp_path / "kept.onnx")
    meta = {"classes": ["a", "b", "c"], "backbone": {"name": backbone}}
    folder = tmp_path / "artifact"
    export.save(folder, model, backbone_onnx=exported, meta=meta, parity_of=lambda *_: {})
    assert set(artifact.read_meta(folder)["files"]) == {*artifact.FILES, artifact.HEAD}
    weight, bias, sha256 = artifact.read_head(folder / artifact.HEAD)
    assert sha256 == backbones.sha256_of(folder / artifact.BACKBONE)
    whole = runtime.load(folder / "model.onnx", {})
    shared = runtime.load(folder / artifact.BACKBONE, {})
    images = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3)).astype(np.uint8)
    head = Head(weight, bias)
    expected, given = whole.run(images), shared.run(images)
    answers = np.stack([head.answer(features) for features in given])
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    assert (answers.argmax(1) == expected.argmax(1)).all()
    seen = whole.evidence(images[:1])
    scale = np.abs(seen).max()
    np.testing.assert_allclose(
        head.evidence(shared.evidence(images[:1])) / scale, seen / scale, atol=1e-5
    )


def test_a_tuned_or_quantised_model_has_no_head_of_its_own(tmp_path):
    model = networks.build(backbones.get("lepton_small"), 2, weights=None)
    meta = {"classes": models.CLASSES, "backbone": {"name": "lepton_small"}}
    kept = export.export_backbone(model, tmp_path / "kept.onnx")
    for number, options in enumerate([{}, {"backbone_onnx": kept, "finish": lambda file: {}}]):
        folder = tmp_path / str(number)
        export.save(folder, model, meta=meta, parity_of=lambda *_: {}, **options)
        assert set(artifact.read_meta(folder)["files"]) == set(artifact.FILES)
        assert not (folder / artifact.BACKBONE).exists()


def test_a_backbone_is_stored_once_and_outlives_the_versions_on_it(tmp_path):
    for prefix, seed in (("tenants/a/models/1", 1), ("tenants/b/models/1", 2)):
        models.probe_files(tmp_path, seed=seed)
        files.store(tmp_path, prefix)
    shared = files.backbone_key(backbones.sha256_of(tmp_path / artifact.BACKBONE))
    assert default_storage.listdir("shared/backbones") == ([], [shared.rpartition("/")[2]])
    files.discard("tenants/a/models/1")
    assert default_storage.listdir("tenants/a/models/1") == ([], [])
    assert default_storage.exists(shared)


def test_tenants_share_one_graph_and_get_their_own_answers(
    inference, castings, globex_endpoint, acme, alice, globex, carol, ask, key, tmp_path
):
    with tenant_scope(acme):
        ours = models.probe_version(castings.engagement, tmp_path / "a", by=alice, seed=1)
    with tenant_scope(globex):
        theirs = models.probe_version(
            globex_endpoint.engagement, tmp_path / "b", by=carol, seed=2, classes=["x", "y", "z"]
        )
    names = ("lepton_inference_models", "lepton_inference_models_bytes")
    graphs, held = map(inference.figure, names)  # of tests before, until they are collected
    assert deploy(inference, acme, castings, ours, alice).state == "live"
    assert deploy(inference, globex, globex_endpoint, theirs, carol).state == "live"
    assert inference.figure(names[0]) <= graphs + 1
    assert inference.figure(names[1]) <= held
    carols = factories.api_key(globex, carol, "predict")
    url = f"{inference.url}/v1/endpoints/globex/panes/predict"
    for data in PICTURES:
        reply = answer(ask(data, params={"explain": "true"}))
        check(reply, tmp_path / "a", data, models.CLASSES)
        assert np.array(reply["evidence"]).shape == (7, 7)
        sent = {"content": data, "headers": {"Authorization": f"Bearer {carols}"}}
        check(answer(httpx.post(url, **sent)), tmp_path / "b", data, ["x", "y", "z"])


def check(reply, folder, data, classes):
    """The reply is what the whole graph in `folder` says."""
    from training.engine.preprocess import evaluation_input

    session = graph.open_session(folder / "model.onnx")
    expected = graph.run(session, evaluation_input(data)[None], "probabilities")[0]
    scores = {one["label"]: one["score"] for one in reply["scores"]}
    np.testing.assert_allclose([scores[name] for name in classes], expected, atol=1e-5)
    assert reply["label"] == classes[int(expected.argmax())]


def test_where_the_shared_graph_is_lost_the_whole_one_answers(
    inference, castings, acme, alice, ask, tmp_path
):
    with tenant_scope(acme):
        version = models.probe_version(castings.engagement, tmp_path / "a", by=alice, scale=128)
    lost = files.backbone_key(backbones.sha256_of(tmp_path / "a" / artifact.BACKBONE))
    default_storage.save(lost, ContentFile(b"damaged"))
    assert deploy(inference, acme, castings, version, alice).state == "live"
    check(answer(ask(PICTURES[0])), tmp_path / "a", PICTURES[0], models.CLASSES)
    assert inference.figure("lepton_inference_models_bytes") > 0


def test_a_damaged_head_is_refused_and_the_version_before_keeps_answering(
    inference, castings, acme, alice, ask, tmp_path
):
    with tenant_scope(acme):
        good = models.probe_version(castings.engagement, tmp_path / "a", by=alice)
        bad = models.probe_version(castings.engagement, tmp_path / "b", by=alice, seed=5)
        name = f"{bad.storage_prefix}/{artifact.HEAD}"
    default_storage.save(name, ContentFile(b"damaged"))
    assert deploy(inference, acme, castings, good, alice).state == "live"
    refused = deploy(inference, acme, castings, bad, alice)
    assert refused.state == "failed" and "head.safetensors is damaged" in refused.cause
    assert answer(ask(PICTURES[0]))["model_version"] == good.number


class Backbone:
    """Gives features, and remembers how many images came at once."""

    batches, batch_at_most = True, 8

    def __init__(self):
        self.sizes = []

    def run(self, images):
        self.sizes.append(len(images))
        return images.reshape(len(images), -1, 3).mean(1).astype(np.float32) / 255

    def evidence(self, image):
        return None


def test_images_of_many_tenants_run_in_one_batch_and_a_broken_head_harms_no_other():
    import asyncio
    import time
    import uuid

    shared = Backbone()
    heads = [
        Head(np.eye(2, 3, dtype=np.float32) * 9, np.zeros(2, np.float32)),
        Head(np.eye(3, dtype=np.float32) * -9, np.zeros(3, np.float32)),
        Head(np.full((2, 3), np.nan, np.float32), np.zeros(2, np.float32)),
    ]

    def ask(head):
        classes = ["x", "y", "z"][: len(head.bias)]
        version = (uuid.uuid4(), 1, uuid.uuid4(), 1, classes, 256, 224)
        model = Model(*version, shared, head, uuid.uuid4())
        return Ask(model, models.picture((255, 0, 0)), "image", time.perf_counter())

    async def work(batcher):
        asked = [batcher.ask(ask(head), seconds=10) for head in heads]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = with_batcher(work, workers=1)
    assert shared.sizes == [3] or shared.sizes == [1, 2]
    assert len(first.scores) == 2 and first.scores[0] > 0.9
    assert len(second.scores) == 3 and second.scores[0] < 0.1
    assert isinstance(third, ArithmeticError)
