"""What is declared trainable changes, and nothing else."""

import numpy as np
import pytest
import torch

from tests.engine.pictures import rows
from training.engine import backbones, batches, networks
from training.engine.augment import Augment
from training.engine.errors import TrainingFailed, WeightsMissing
from training.engine.fit import Fit, Settings


def settings(**changes):
    plain = {
        "epochs": 1,
        "learning_rate": 1e-2,
        "batch_size": 8,
        "weight_decay": 0.01,
        "label_smoothing": 0.1,
        "patience": 5,
        "seed": 0,
        "ema": 0.0,
    }
    return Settings(**({"n_classes": 2} | plain | changes))


def fitting(model, unfreeze, tmp_path, **changes):
    pictures = rows(4)
    labels = np.array([row.label for row in pictures])
    squares = batches.squares(pictures, tmp_path, lambda report: None, lambda: False)
    source = batches.ImageBatches(squares, labels, Augment(crop=True, mirror=True, turn=True))
    return Fit(
        model,
        source,
        source,
        settings(**changes),
        parameters=networks.trainable_parameters(model, unfreeze=unfreeze),
        statistics=networks.moving_statistics(model, unfreeze=unfreeze),
        factor_of=lambda name: 1.0,
        train_mode=lambda: networks.set_training(model, unfreeze=unfreeze),
        file=tmp_path / "checkpoint.safetensors",
        identity="one",
        progress=lambda report: None,
        should_stop=lambda: False,
    )


def built(name):
    return networks.build(backbones.get(name), 2, weights=None, seed=3)


@pytest.mark.parametrize("unfreeze", networks.UNFREEZE)
@pytest.mark.parametrize("name", ["lepton_small", "mobilenet_v2", "resnet18"])
def test_after_one_step_the_changed_tensors_are_the_declared_trainable_set(
    name, unfreeze, tmp_path
):
    model = built(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    one = fitting(model, unfreeze, tmp_path)
    targets, *views = one._batch(np.arange(8), 0)
    one._train_step(one.train.finished(*views), targets)
    changed = {
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    }
    declared = set(networks.trainable_parameters(model, unfreeze=unfreeze))
    moving = set(networks.moving_statistics(model, unfreeze=unfreeze))
    assert changed == declared | moving
    assert {key for key, value in model.named_parameters() if value.requires_grad} == declared


@pytest.mark.parametrize("name", backbones.CATALOGUE)
def test_the_trainable_sets_grow_from_head_to_all(name):
    model = built(name)
    head, last, whole = (
        set(networks.trainable_parameters(model, unfreeze=part)) for part in networks.UNFREEZE
    )
    assert head == {"head.weight", "head.bias"}
    assert head < last <= whole
    assert whole == set(dict(model.named_parameters()))
    everything = {key for key in model.state_dict() if "running_" in key or "num_batches" in key}
    assert set(networks.moving_statistics(model, unfreeze="all")) == everything


@pytest.mark.parametrize("unfreeze", ["head", "last_stage"])
def test_frozen_batch_norm_statistics_do_not_move_in_a_whole_training(unfreeze, tmp_path):
    model = built("resnet18")
    before = {key: value.clone() for key, value in model.named_buffers()}
    moving = networks.moving_statistics(model, unfreeze=unfreeze)
    fitting(model, unfreeze, tmp_path, start_is_candidate=False).run()
    frozen = set(before) - set(moving)
    assert {"backbone.bn1.running_mean", "backbone.layer3.1.bn2.running_var"} <= frozen
    assert all(
        torch.equal(value, before[key]) for key, value in model.named_buffers() if key in frozen
    )


@pytest.mark.parametrize("name", backbones.CATALOGUE)
def test_the_catalogue_tells_the_truth_about_its_networks(name):
    backbone, model = backbones.get(name), built(name)
    assert sum(value.numel() for value in model.backbone.parameters()) == backbone.parameters
    images = torch.randint(0, 256, (1, 224, 224, 3), dtype=torch.uint8)
    with torch.no_grad():
        assert model.features(images).shape == (1, backbone.features)


@pytest.mark.parametrize(
    "name", [name for name in backbones.CATALOGUE if backbones.get(name).pretrained]
)
def test_stages_in_order_compute_what_torchvision_computes(name, tmp_path):
    from training.engine import vision

    torch.manual_seed(0)
    peer = vision.models.get_model(name, weights=None).eval()
    torch.save(peer.state_dict(), tmp_path / f"{name}.pth")
    model = networks.build(backbones.get(name), 2, weights=tmp_path / f"{name}.pth")
    for last in ("fc", "classifier"):
        if hasattr(peer, last):
            setattr(peer, last, torch.nn.Identity())
    images = torch.randint(0, 256, (1, 224, 224, 3), dtype=torch.uint8)
    normal = (
        images.permute(0, 3, 1, 2) / 255 - torch.tensor(networks.MEAN).view(1, 3, 1, 1)
    ) / torch.tensor(networks.STD).view(1, 3, 1, 1)
    with torch.no_grad():
        assert torch.allclose(model.features(images), peer(normal), atol=1e-5, rtol=1e-3)


def test_torchvisions_catalogue_knows_our_weight_files():
    from training.engine import vision

    for name, backbone in backbones.CATALOGUE.items():
        if backbone.pretrained:
            known = {entry.url for entry in vision.models.get_model_weights(name)}
            assert backbone.weights_url in known


def test_weights_are_found_by_both_names_and_torchvisions_goes_first(tmp_path):
    backbone = backbones.get("resnet18")
    (tmp_path / "resnet18.pth").touch()
    assert backbones.find_weights(backbone, tmp_path).name == "resnet18.pth"
    (tmp_path / "resnet18-f37072fd.pth").touch()
    assert backbones.find_weights(backbone, tmp_path).name == "resnet18-f37072fd.pth"


def test_missing_weights_name_the_file_and_the_folder(tmp_path):
    with pytest.raises(
        WeightsMissing, match=r"resnet50-0676ba61\.pth or resnet50\.pth in "
    ) as failure:
        backbones.find_weights(backbones.get("resnet50"), tmp_path)
    assert str(tmp_path) in failure.value.cause
    assert "scratch" in failure.value.hint


def test_float16_weights_are_cast(tmp_path):
    state = {
        key: value.half() if value.is_floating_point() else value
        for key, value in _state("resnet18").items()
    }
    torch.save(state, tmp_path / "resnet18.pth")
    model = networks.build(backbones.get("resnet18"), 2, weights=tmp_path / "resnet18.pth")
    assert {value.dtype for value in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N."])
def test_a_broken_weights_file_is_named(content, tmp_path):
    (tmp_path / "resnet18.pth").write_bytes(content)
    with pytest.raises(TrainingFailed, match=r"resnet18\.pth"):
        networks.build(backbones.get("resnet18"), 2, weights=tmp_path / "resnet18.pth")


def test_the_same_seed_builds_the_same_network():
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            built("lepton_small").parameters(), built("lepton_small").parameters(), strict=True
        )
    )


def _state(name):
    from training.engine import vision

    return vision.models.get_model(name, weights=None).state_dict()
