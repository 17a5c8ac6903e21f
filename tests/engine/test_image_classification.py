"""From rows to an exported model that answers as torch does."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.engine.pictures import CLASSES, patterned, row, rows, small_data
from training import task_types
from training.engine import artifact, backbones, export, graph, networks, preprocess
from training.engine.artifact import ArtifactCorrupt
from training.engine.errors import Stopped, TrainingFailed, WeightsMissing
from training.task_types import image_classification, params
from training.task_types.data import Row, TrainingData
from training.task_types.image_classification import work


@pytest.fixture
def weights_and_cache(weights_dir, cache_dir):
    return {"weights_dir": weights_dir, "cache_dir": cache_dir}


def probe(folder, data, **options):
    return image_classification.train(
        data,
        params.from_dict("linear_probe", {"backbone": "resnet18"}),
        method="linear_probe",
        work_dir=folder / "work",
        **options,
    )


@pytest.fixture
def folder(probe_model, tmp_path):
    """A copy of the trained artifact that a test may damage."""
    return shutil.copytree(probe_model.folder, tmp_path / "model")


@pytest.mark.parametrize("name", task_types.TASK_TYPES)
def test_every_task_type_keeps_the_protocol(name):
    module = task_types.get(name)
    assert all(
        callable(getattr(module, verb)) for verb in ("train", "evaluate", "evaluation_input")
    )


def test_a_head_on_kept_features_answers_as_its_whole_graph_without_a_pixel(probe_model, tmp_path):
    held_out = rows(6, "test", first=500)
    whole = image_classification.evaluate(probe_model, held_out)
    first = image_classification.evaluate(probe_model, held_out, cache_dir=tmp_path)
    assert np.abs(first.probabilities - whole.probabilities).max() < 1e-5
    gone = [replace(row, source=tmp_path / "gone", label=1 - row.label) for row in held_out]
    again = image_classification.evaluate(probe_model, gone, cache_dir=tmp_path)
    assert np.array_equal(again.probabilities, first.probabilities)
    assert again.metrics["accuracy"] == pytest.approx(1 - first.metrics["accuracy"])


def test_the_exported_model_answers_as_torch_does_on_held_out_rows(probe_model):
    held_out = rows(6, "test", first=500)
    evaluation = image_classification.evaluate(probe_model, held_out)
    images = np.stack([preprocess.evaluation_input(row.read()) for row in held_out])
    with torch.no_grad():
        expected = (
            export.load_torch(probe_model.folder)(torch.from_numpy(images)).softmax(1).numpy()
        )
    assert np.abs(evaluation.probabilities - expected).max() < 1e-3
    assert (evaluation.probabilities.argmax(1) == expected.argmax(1)).all()
    assert evaluation.probabilities.sum(1) == pytest.approx(np.ones(12), abs=1e-5)
    assert evaluation.metrics["n"] == 12
    assert evaluation.sha256s == [row.sha256 for row in held_out]


def test_meta_says_what_answers_and_where_it_came_from(probe_model):
    meta = artifact.read_meta(probe_model.folder)
    assert meta == json.loads(json.dumps(probe_model.meta))
    assert meta["classes"] == CLASSES
    assert meta["preprocessing"] == preprocess.describe()
    assert meta["parity"]["max_probability_difference"] < 1e-3
    assert meta["parity"]["label_agreement"] == 1.0
    assert (
        meta["libraries"]["torch"] == torch.__version__.split("+")[0]
        or meta["libraries"]["torch"] == torch.__version__
    )
    assert meta["weights"]["file"] == "resnet18.pth"
    assert len(meta["weights"]["sha256"]) == 64
    assert set(meta["files"]) == {"model.safetensors", "model.onnx", "head.safetensors"}


def test_the_graph_takes_any_number_of_images_and_gives_probabilities_and_features(probe_model):
    session = onnxruntime.InferenceSession(probe_model.folder / "model.onnx")
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("images", "tensor(uint8)", [224, 224, 3])
    for n in (1, 3):
        given = session.run(None, {"images": np.zeros((n, 224, 224, 3), np.uint8)})
        assert [found.shape for found in given] == [(n, 2), (n, 512), (n, 2, 7, 7)]


def test_the_saved_backbone_keeps_torchvisions_names(probe_model, weights_dir):
    saved = load_file(probe_model.folder / "model.safetensors")
    original = torch.load(weights_dir / "resnet18.pth", weights_only=True)
    assert torch.equal(saved["backbone.layer4.1.conv2.weight"], original["layer4.1.conv2.weight"])
    assert saved["head.weight"].shape == (2, 512)


@pytest.mark.parametrize("name", ["model.onnx", "model.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_of_the_artifact_is_named(name, damage, folder):
    content = bytearray((folder / name).read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content if damage == "flip" else content[:-10])
    if damage == "remove":
        (folder / name).unlink()
    with pytest.raises(ArtifactCorrupt, match=name) as failure:
        image_classification.evaluate(folder, rows(1, "test"))
    assert failure.value.file == folder / name


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "{}", '{"format": "lepton-model/1", "files": {}}', '{"format": "other/9"}'],
)
def test_a_damaged_meta_file_is_named(content, folder):
    if content is None:
        (folder / "meta.json").unlink()
    else:
        (folder / "meta.json").write_text(content)
    with pytest.raises(ArtifactCorrupt, match=r"meta\.json"):
        artifact.read_meta(folder)


def test_weights_of_another_shape_are_named_on_loading(folder):
    save_file({"head.weight": torch.zeros(1)}, folder / "model.safetensors")
    artifact.write_meta(
        folder, {k: v for k, v in artifact.read_meta(folder, verify=False).items() if k != "files"}
    )
    with pytest.raises(ArtifactCorrupt, match=r"model\.safetensors"):
        export.load_torch(folder)


def test_training_the_probe_again_with_corrected_labels_reads_only_the_parity_rows(
    tmp_path, weights_and_cache
):
    data = small_data(6, 0)
    probe(tmp_path, data, **weights_and_cache)
    read = []

    def watched(old):
        return Row(old.sha256, lambda: read.append(old.sha256) or old.read(), old.label, old.split)

    probe(tmp_path, TrainingData(CLASSES, [watched(old) for old in data.rows]), **weights_and_cache)
    assert len(read) <= work.PARITY_ROWS


def test_a_stopped_probe_raises_stopped(tmp_path, weights_and_cache):
    unseen = TrainingData(CLASSES, rows(2, first=900))
    with pytest.raises(Stopped):
        probe(tmp_path, unseen, **weights_and_cache, should_stop=lambda: True)


def test_a_stopped_evaluation_raises_stopped(probe_model):
    with pytest.raises(Stopped):
        image_classification.evaluate(probe_model, rows(1, "test"), should_stop=lambda: True)


def test_a_class_with_one_image_fails_by_name(tmp_path, weights_and_cache):
    data = TrainingData(CLASSES, [row(0, 1), row(0, 2), row(1, 1)])
    with pytest.raises(TrainingFailed, match="“stripes” has 1") as failure:
        probe(tmp_path, data, **weights_and_cache)
    assert failure.value.hint
    assert failure.value.values == {"name": "stripes", "n": 1}


def test_missing_weights_fail_with_file_and_folder(tmp_path):
    with pytest.raises(WeightsMissing, match=r"resnet18\.pth") as failure:
        probe(tmp_path, small_data(2, 0), weights_dir=tmp_path, cache_dir=tmp_path)
    assert str(tmp_path) in failure.value.cause


def test_evaluating_nothing_fails_with_words(probe_model):
    with pytest.raises(TrainingFailed, match="no images"):
        image_classification.evaluate(probe_model, [])


def test_evaluation_reports_its_progress(probe_model):
    reports = []
    image_classification.evaluate(probe_model, rows(10, "test"), reports.append)
    assert [(report.phase, report.done, report.total) for report in reports] == [
        ("evaluating", 16, 20),
        ("evaluating", 20, 20),
    ]


def test_a_request_and_a_held_out_row_get_the_same_answer(probe_model):
    """The same picture as PNG through evaluation and through the serving steps: bit for bit."""
    from PIL import Image

    data = io.BytesIO()
    Image.open(io.BytesIO(patterned(1, 77))).save(data, "PNG")
    held_out = Row("77" * 32, data.getvalue, 1, "test")
    evaluated = image_classification.evaluate(probe_model, [held_out]).probabilities[0]
    session = graph.open_session(probe_model.folder / "model.onnx")
    served = graph.run(
        session, image_classification.evaluation_input(data.getvalue())[None], "probabilities"
    )[0]
    assert np.array_equal(evaluated, served)


@pytest.mark.parametrize("name", ["lepton_small", "resnet18", "mobilenet_v3_small"])
def test_maps_pool_to_the_features_and_the_graph_says_what_spoke_for_a_class(name, tmp_path):
    model = networks.build(backbones.get(name), 3, weights=None, seed=1)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), np.uint8))
    with torch.no_grad():
        maps = model.maps(images)
        assert torch.allclose(model.pooled(maps), model.features(images), atol=1e-5)
    backbone = export.export_backbone(model, tmp_path / "backbone.onnx")
    weight, bias = (value.detach().numpy() for value in (model.head.weight, model.head.bias))
    graph.attach_head(backbone, weight, bias, tmp_path / "model.onnx")
    session = graph.open_session(tmp_path / "model.onnx")
    assert [out.name for out in session.get_outputs()] == ["probabilities", "features", "evidence"]
    found = graph.run(session, images.numpy(), "evidence")
    assert found.shape == (2, 3, *maps.shape[2:])
    if name != "lepton_small":  # its head sees means alone: evidence averages to the logits
        logits = model(images).detach().numpy() - bias
        assert np.allclose(found.mean((2, 3)), logits, atol=1e-3)


def test_a_quantised_model_is_smaller_and_is_evaluated_as_it_will_answer(tmp_path, cache_dir):
    data = small_data()
    chosen = params.from_dict(
        "fine_tune", {"backbone": "lepton_small", "epochs": 1, "precision": "int8"}
    )
    model = image_classification.train(
        data,
        chosen,
        method="fine_tune",
        work_dir=tmp_path / "work",
        weights_dir=tmp_path,
        cache_dir=cache_dir,
        pretrained=False,
    )
    told = model.meta["quantised"]
    assert told["bytes"] < 0.5 * told["bytes_before"] and 0 < told["agreement"] <= 1
    assert (model.folder / "model.onnx").stat().st_size == told["bytes"]
    held_out = rows(6, "test", first=500)
    found = image_classification.evaluate(model, held_out, cache_dir=tmp_path)
    images = np.stack([preprocess.evaluation_input(row.read()) for row in held_out])
    served = graph.run(graph.open_session(model.folder / "model.onnx"), images, "probabilities")
    assert np.array_equal(found.probabilities, served)
    with torch.no_grad():
        exact = export.load_torch(model.folder)(torch.from_numpy(images)).softmax(1).numpy()
    assert np.abs(served - exact).max() < 0.1
