"""A killed training resumes and ends bit for bit like an unbroken one."""

import json
import math
import random

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from tests.engine.pictures import CLASSES, rows, small_data
from training.engine import backbones, batches, checkpoint, fit, networks, optimiser
from training.engine.augment import Augment
from training.engine.errors import Stopped, TrainingFailed
from training.engine.optimiser import learning_rate_factor
from training.task_types import image_classification, params
from training.task_types.data import TrainingData


class Killed(BaseException):
    """Stands for kill -9: nothing in the engine may catch it."""


def train(
    folder,
    *,
    method="fine_tune",
    progress=lambda report: None,
    data=None,
    weights_dir="none",
    cache_dir=None,
    **settings,
):
    plain = {"backbone": "lepton_small", "epochs": 3, "batch_size": 4, "views": 2}
    stop = settings.pop("should_stop", lambda: False)
    return image_classification.train(
        data or small_data(),
        params.from_dict(method, plain | settings),
        method=method,
        work_dir=folder / "work",
        weights_dir=weights_dir,
        cache_dir=cache_dir or folder / "cache",
        pretrained=weights_dir != "none",
        progress=progress,
        should_stop=stop,
    )


def weights(model):
    return load_file(model.folder / "model.safetensors")


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return train(tmp_path_factory.mktemp("unbroken"))


def killer(at_reports):
    """Return a progress callback that dies at the given numbers of reports in training."""
    seen = iter(range(10_000))

    def progress(report):
        if report.phase == "training" and next(seen) in at_reports:
            raise Killed

    return progress


def test_a_run_killed_at_fifty_random_steps_ends_bit_for_bit_like_an_unbroken_one(
    tmp_path, monkeypatch
):
    """Each life takes a few steps more, dying at random before or after a checkpoint."""
    monkeypatch.setattr(fit, "CHECKPOINT_EVERY", 2)
    long = {"epochs": 30, "patience": 500, "mixup": 0.2, "balance": "sampling"}
    unbroken = train(tmp_path / "unbroken", **long)
    drawn, lives = random.Random(7), 0
    while lives < 50:
        with pytest.raises(Killed):
            train(tmp_path / "broken", progress=killer([drawn.randint(2, 4)]), **long)
        lives += 1
    resumed = train(tmp_path / "broken", **long)
    assert resumed.history == unbroken.history
    assert_same(weights(resumed), weights(unbroken))


def test_a_resumed_run_does_not_start_from_the_beginning(tmp_path, unbroken):
    with pytest.raises(Killed):
        train(tmp_path, progress=killer([8]))
    epochs = []
    train(
        tmp_path,
        progress=lambda report: epochs.append(report.epoch) if report.phase == "training" else None,
    )
    assert epochs[0] == 2


@pytest.mark.parametrize("at", [3, 5, 9])
def test_a_stop_acts_within_one_batch_and_leaves_a_checkpoint(at, tmp_path, unbroken):
    """The third question comes while epoch 0 is scored, the fifth in training, the ninth while
    epoch 1 is scored or the next begins."""
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) == at

    with pytest.raises(Stopped):
        train(tmp_path, should_stop=should_stop)
    assert len(asked) == at
    file = tmp_path / "work" / "checkpoint.safetensors"
    assert checkpoint.read(file, identity=_identity(tmp_path))
    assert_same(weights(train(tmp_path)), weights(unbroken))


def _identity(folder):
    with safe_open(folder / "work" / "checkpoint.safetensors", "pt") as file:
        return json.loads(file.metadata()["state"])["identity"]


def test_the_checkpoint_of_another_run_is_ignored(tmp_path, unbroken):
    train(tmp_path, seed=9)
    assert_same(weights(train(tmp_path)), weights(unbroken))


@pytest.mark.parametrize("damage", [b"", b"\x00" * 200, None])
def test_a_damaged_checkpoint_counts_as_none(damage, tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoint.write(path, {"a": torch.ones(3)}, {"identity": "x", "best_loss": math.inf})
    assert checkpoint.read(path, identity="x")[1]["best_loss"] == math.inf
    assert checkpoint.read(path, identity="y") is None
    path.write_bytes(path.read_bytes()[:20] if damage is None else damage)
    assert checkpoint.read(path, identity="x") is None


def test_fine_tuning_starts_from_the_probe_and_never_ships_worse(tmp_path, weights_dir, cache_dir):
    model = train(
        tmp_path,
        data=small_data(4, 2),
        weights_dir=weights_dir,
        cache_dir=cache_dir,
        backbone="resnet18",
        epochs=2,
        learning_rate=0.3,
    )
    assert [entry["epoch"] for entry in model.history] == [0, 1, 2]
    best = min(model.history, key=lambda entry: entry["valid_loss"])
    assert model.summary["best_epoch"] == best["epoch"]
    assert model.meta["parity"]["label_agreement"] == 1.0
    assert list((tmp_path / "work").glob("activations-train-*.npy"))


def test_activations_and_images_lead_to_the_same_logits(tmp_path, weights_dir):
    model = networks.build(backbones.get("resnet18"), 2, weights=weights_dir / "resnet18.pth")
    squares = batches.squares(rows(2), tmp_path, lambda report: None, lambda: False)
    images = batches.ImageBatches(squares, [0, 0, 1, 1], Augment())
    kept = batches.activations(
        model,
        4,
        squares,
        views=2,
        file=tmp_path / "kept.npy",
        progress=lambda report: None,
        should_stop=lambda: False,
    )
    source = batches.ActivationBatches(kept, [0, 0, 1, 1])
    with torch.no_grad():
        from_images = model(images.held_out(np.arange(4)))
        from_kept = networks.Rest(model, 4)(source.held_out(np.arange(4)))
    assert torch.allclose(from_images, from_kept, atol=2e-3)


def test_without_a_valid_split_a_part_of_train_validates(tmp_path):
    model = train(tmp_path, data=TrainingData(CLASSES, rows(6)), epochs=1)
    assert model.history[-1]["valid_accuracy"] is not None
    assert model.meta["data"]["n_valid"] == 0


def test_a_loss_that_is_not_finite_fails_with_a_hint(tmp_path, monkeypatch):
    def broken(logits, labels, **options):
        return logits.sum() * float("nan")

    monkeypatch.setattr(fit.nn.functional, "cross_entropy", broken)
    with pytest.raises(TrainingFailed, match="epoch 1") as failure:
        train(tmp_path)
    assert "learning rate" in failure.value.hint


def test_progress_tells_where_the_run_stands(tmp_path):
    reports = []
    train(tmp_path, progress=reports.append)
    training = [report for report in reports if report.phase == "training" and report.total > 1]
    assert [report.phase for report in reports[:1]] == ["preparing"]
    assert training[-1].done == training[-1].total == 12
    assert training[-1].epochs == 3
    assert training[-1].train_loss > 0
    assert 0 <= training[-1].valid_accuracy <= 1
    assert training[-1].items_per_second > 0
    assert training[-1].eta_seconds == pytest.approx(0, abs=1)
    assert training[-1].memory_bytes > 50_000_000
    assert {report.epoch for report in training} >= {1, 2, 3}


def test_the_learning_rate_warms_up_and_falls_to_nothing():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] == 1
    assert factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[-1] < 0.001


def test_a_small_network_learns_from_scratch(tmp_path):
    model = train(tmp_path, data=small_data(16, 8), epochs=10)
    assert max(entry["valid_accuracy"] for entry in model.history) >= 0.9


def test_moments_come_back_in_the_memory_order_of_their_parameters():
    """A fused step, as a GPU takes it, refuses any other."""

    def made():
        layer = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        known = dict(layer.named_parameters())
        plain = optimiser.adamw(
            known, learning_rate=0.1, factor_of=lambda name: 1, weight_decay=0
        ).param_groups
        return layer, known, torch.optim.AdamW(plain, fused=True)

    def step(layer, stepping):
        stepping.zero_grad()
        layer(torch.ones(1, 3, 5, 5)).square().sum().backward()
        stepping.step()

    layer, known, first = made()
    step(layer, first)
    moments = optimiser.state_tensors(first, known)
    kept = {name: one.clone(memory_format=torch.contiguous_format) for name, one in moments.items()}
    other, its, second = made()
    other.load_state_dict(layer.state_dict())
    optimiser.load_state_tensors(second, its, kept)
    assert second.state[other.weight]["exp_avg"].stride() == other.weight.stride()
    step(layer, first)
    step(other, second)
    assert torch.equal(other.weight, layer.weight)
