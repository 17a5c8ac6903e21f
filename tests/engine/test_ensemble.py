"""Several models as one graph, and a small one taught by a large one."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
from safetensors import safe_open
from scipy.optimize import minimize

from tests.engine.pictures import rows, small_data
from training.engine import artifact, blend, evaluate, graph
from training.engine.errors import TrainingFailed
from training.task_types import image_classification, params
from training.task_types.data import Beside
from training.task_types.image_classification import distillation

IMAGES = np.random.default_rng(3).integers(0, 256, (5, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def members(tmp_path_factory, probe_model, weights_dir, cache_dir):
    """Two probes on one backbone, and a small network from scratch."""
    folder = tmp_path_factory.mktemp("members")
    options = {"weights_dir": weights_dir, "cache_dir": cache_dir}
    other = image_classification.train(
        small_data(),
        params.from_dict("linear_probe", {"backbone": "resnet18", "l2": 5.0, "views": 1}),
        method="linear_probe",
        work_dir=folder / "other",
        **options,
    )
    small = image_classification.train(
        small_data(),
        params.from_dict("fine_tune", {"backbone": "lepton_small", "epochs": 2}),
        method="fine_tune",
        work_dir=folder / "small",
        **options,
    )
    return {"one": probe_model.folder, "two": other.folder, "three": small.folder}


def combine(folder, models, names, data=None, **wanted):
    return image_classification.train(
        data or small_data(n_valid=12),
        params.from_dict("ensemble", {"members": names, **wanted}),
        method="ensemble",
        work_dir=folder / "work",
        weights_dir=folder,
        cache_dir=folder / "cache",
        beside=Beside(models=models),
    )


def ask(folder, output="probabilities"):
    return graph.run(graph.open_session(folder / "model.onnx"), IMAGES, output)


def test_the_graph_answers_with_the_mean_of_the_calibrated_probabilities(tmp_path, members):
    found = combine(tmp_path, members, ["one", "three"])
    told = found.meta["ensemble"]["members"]
    assert [one["weight"] for one in told] == [0.5, 0.5]
    expected = blend.blended(
        [ask(members["one"]), ask(members["three"])],
        [one["temperature"] for one in told],
        [0.5, 0.5],
    )
    assert np.abs(ask(found.folder) - expected).max() < 1e-5
    assert found.meta["parity"]["max_probability_difference"] < 1e-5
    assert ask(found.folder, "features").shape == (5, 512 + 256)
    assert ask(found.folder, "evidence").shape[:2] == (5, 2)


def test_heads_on_one_backbone_share_it_in_graph_and_weights(tmp_path, members):
    found = combine(tmp_path, members, ["one", "two"])
    alone = (members["one"] / "model.onnx").stat().st_size
    assert (found.folder / "model.onnx").stat().st_size < 1.05 * alone
    convolutions = [
        n for n in onnx.load(found.folder / "model.onnx").graph.node if n.op_type == "Conv"
    ]
    assert len(convolutions) == 20 + 2  # those of one ResNet-18, and each member's evidence
    assert found.meta["ensemble"]["nodes"] < 0.7 * found.meta["ensemble"]["nodes_apart"]
    assert ask(found.folder, "features").shape == (5, 512)
    with safe_open(found.folder / "model.safetensors", "numpy") as file:
        names, same = set(file.keys()), json.loads(file.metadata()["same"])
    assert same["members.2.backbone.conv1.weight"] == "members.1.backbone.conv1.weight"
    assert {"members.1.head.weight", "members.2.head.weight"} <= names


def test_an_ensemble_is_evaluated_like_any_other_and_can_be_a_member_itself(tmp_path, members):
    first = combine(tmp_path / "first", members, ["one", "three"])
    both = combine(tmp_path / "both", members | {"first": first.folder}, ["first", "two"])
    measured = image_classification.evaluate(both, rows(6, "test", first=500), cache_dir=tmp_path)
    assert measured.metrics["n"] == 12
    assert measured.probabilities.sum(1) == pytest.approx(np.ones(12), abs=1e-5)
    assert artifact.read_meta(both.folder)["ensemble"]["members"][0]["id"] == "first"


def test_too_few_validation_rows_fit_nothing_and_say_so(tmp_path, members):
    found = combine(tmp_path, members, ["one", "two"], small_data(n_valid=4), weights="fitted")
    told = found.meta["ensemble"]
    assert told["n_validated"] == 0
    assert {(one["weight"], one["temperature"]) for one in told["members"]} == {(0.5, 1.0)}


def test_a_member_with_other_classes_is_refused(tmp_path, members):
    data = small_data(n_valid=12)
    other = replace(data, classes=["dots", "lines"])
    with pytest.raises(TrainingFailed, match="other classes: dots, stripes"):
        combine(tmp_path, members, ["one", "two"], other)


def test_fitted_weights_agree_with_a_general_optimiser():
    """The simplex is searched by scipy's SLSQP over the same loss."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 200)
    answers = [rng.dirichlet(np.ones(3), 200) for _ in range(3)]
    answers[1] = 0.6 * answers[1] + 0.4 * np.eye(3)[labels]

    def loss(weights):
        mean = sum(w * one for w, one in zip(weights, answers, strict=True))
        return -np.log(mean[np.arange(200), labels]).mean()

    found = blend.weights(answers, labels)
    limits = {"type": "eq", "fun": lambda w: w.sum() - 1}
    best = minimize(loss, [1 / 3] * 3, bounds=[(0, 1)] * 3, constraints=limits, method="SLSQP")
    assert sum(found) == pytest.approx(1)
    assert loss(found) == pytest.approx(best.fun, abs=1e-4)


def test_calibrating_probabilities_is_dividing_logits_by_the_temperature():
    logits = np.random.default_rng(0).normal(0, 3, (20, 4))
    powers = np.exp(logits)
    soft = np.exp(logits / 2.5)
    got = blend.calibrated(powers / powers.sum(1, keepdims=True), 2.5)
    assert got == pytest.approx(soft / soft.sum(1, keepdims=True))
    labels = logits.argmax(1)
    heat = blend.temperatures([powers / powers.sum(1, keepdims=True)], labels)[0]
    assert heat == pytest.approx(evaluate.temperature(logits, labels), rel=1e-3)


def test_a_small_network_learns_what_the_teacher_answers(tmp_path, members, cache_dir, weights_dir):
    taught = image_classification.train(
        small_data(),
        params.from_dict(
            "distillation",
            {"backbone": "lepton_small", "teacher": "one", "epochs": 2, "batch_size": 8},
        ),
        method="distillation",
        work_dir=tmp_path / "work",
        weights_dir=weights_dir,
        cache_dir=cache_dir,
        beside=Beside(models=members),
    )
    meta = artifact.read_meta(taught.folder)
    assert meta == taught.meta
    assert meta["distilled"]["teacher"] == "one"
    assert meta["distilled"]["n_taught"] == 16
    assert meta["distilled"]["teacher_bytes"] > sum(f["bytes"] for f in meta["files"].values())
    assert (meta["method"], meta["backbone"]["name"]) == ("distillation", "lepton_small")


def test_targets_are_the_teachers_answers_and_the_labels_by_their_share():
    given = np.array([[0.9, 0.1], [0.2, 0.8]])
    two = [replace(one, label=label) for label, one in enumerate(rows(1))]
    plain = distillation.targets(given, two, softness=1.0, soft_share=0.5)
    assert plain[0].target == pytest.approx((0.95, 0.05))
    assert plain[1].target == pytest.approx((0.1, 0.9))
    softer = distillation.targets(given, two, softness=4.0, soft_share=1.0)
    assert 0.5 < softer[0].target[0] < 0.9
    assert distillation.targets(given, two, softness=3.0, soft_share=0.0)[0].target == (1.0, 0.0)


def test_a_damaged_member_is_named(tmp_path, members):
    broken = shutil.copytree(members["two"], tmp_path / "broken")
    (broken / "model.onnx").write_bytes(b"x")
    with pytest.raises(artifact.ArtifactCorrupt, match=r"model\.onnx"):
        combine(tmp_path, members | {"two": broken}, ["one", "two"])
