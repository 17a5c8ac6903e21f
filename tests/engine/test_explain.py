"""What a model looked at: three methods that find the same bright corner."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.engine.pictures import small_data
from training.engine import explain, export, graph, preprocess
from training.task_types import image_classification, params


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small network from scratch."""
    folder = tmp_path_factory.mktemp("explained")
    return image_classification.train(
        small_data(),
        params.from_dict("fine_tune", {"backbone": "lepton_small", "epochs": 1}),
        method="fine_tune",
        work_dir=folder / "work",
        weights_dir=folder,
        cache_dir=folder / "cache",
    ).folder


@pytest.fixture
def pixels():
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (preprocess.CROP, preprocess.CROP, 3), dtype=np.uint8)


@pytest.mark.parametrize("method", ["evidence", "grad_cam", "occlusion"])
def test_every_method_gives_a_map_from_0_to_1_and_the_models_own_scores(model, pixels, method):
    found = explain.explain(model, pixels, method, label=1)
    heat = np.array(found["heat"])
    assert heat.ndim == 2 and heat.min() >= 0
    assert heat.max() in (0, 1)
    expected = graph.run(graph.open_session(model / "model.onnx"), pixels[None], "probabilities")[0]
    assert found["scores"] == pytest.approx(expected.tolist())


def test_an_answer_is_scores_without_a_map(model, pixels):
    found = explain.explain(model, pixels, "answer")
    assert found["heat"] is None
    assert found["label"] == int(np.argmax(found["scores"]))


def test_grad_cam_of_a_mean_pooling_network_is_its_class_activation_map(probe_model, pixels):
    """Selvaraju et al., section 3.1: for such networks the gradient is the head's weight, so both
    maps are the same up to a factor."""
    heat = np.array(explain.explain(probe_model.folder, pixels, "grad_cam", label=1)["heat"])
    network = export.load_torch(probe_model.folder)
    with torch.no_grad():
        maps = network.maps(torch.from_numpy(pixels[None].copy()))[0]
        expected = (network.head.weight[1][:, None, None] * maps).sum(0).clamp_min(0).numpy()
    assert heat == pytest.approx(expected / max(expected.max(), 1e-9), abs=2e-3)


def test_occlusion_finds_what_the_answer_hangs_on(model, pixels, monkeypatch):
    def run(_session, images, _output):
        bright = images[:, :56, 168:].mean((1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1)

    monkeypatch.setattr(graph, "run", run)
    pixels[:] = 30
    pixels[:56, 168:] = 255
    heat = np.array(explain.explain(model, pixels, "occlusion", label=1)["heat"])
    assert heat.shape == (8, 8)
    assert heat[:2, 6:].min() > 0.5
    assert heat[4:, :4].max() == 0


def test_the_command_line_prints_json(model, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(small_data().rows[0].read())
    command = [sys.executable, "-m", "training.engine.explain", str(model), str(image)]
    done = subprocess.run([*command, "--method", "evidence"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"scores", "label", "heat"}


def test_without_a_gradient_torch_is_not_loaded(model, tmp_path):
    program = (
        "import sys, numpy as np; from pathlib import Path; from training.engine import explain;"
        f"explain.explain(Path({str(model)!r}), np.zeros((224, 224, 3), np.uint8), 'occlusion');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
