"""One step of a fine-tuning: parts add up to the whole, memory running out is survived."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.engine.pictures import small_data
from tests.engine.test_fit import train
from training.engine import device, networks, probe, step
from training.engine.ahead import made_ahead
from training.engine.backbones import get
from training.engine.errors import TrainingFailed
from training.engine.state import Settings
from training.task_types.data import Row, TrainingData

CPU = torch.device("cpu")


def settings(**changes):
    plain = {"epochs": 1, "learning_rate": 0.1, "batch_size": 8, "weight_decay": 0.0}
    plain |= {"label_smoothing": 0.0, "patience": 1, "seed": 0, "n_classes": 3}
    return Settings(**plain | changes)


def steps(network, **changes):
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    return step.Step(network, optimiser, settings(**changes), CPU, labels=np.arange(3))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Linear(5, 3)


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    inputs = torch.from_numpy(rng.normal(size=(8, 5)).astype(np.float32))
    return inputs, torch.from_numpy(rng.integers(0, 3, 8))


def after_a_step(network, batch, **changes):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    loss = steps(network, **changes).take(*batch, np.random.default_rng(0))
    found = network.weight.detach().clone()
    network.load_state_dict(before)
    return float(loss), found


def test_a_batch_in_parts_is_the_same_step(network, batch):
    whole_loss, whole = after_a_step(network, batch)
    loss, parts = after_a_step(network, batch, micro_batch=3)
    assert loss == pytest.approx(whole_loss, abs=1e-6)
    assert torch.allclose(parts, whole, atol=1e-6)


class Greedy(nn.Linear):
    """Finds no memory for more than two rows."""

    def forward(self, inputs):
        if len(inputs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().forward(inputs)


def test_memory_running_out_halves_the_parts_keeps_the_step_and_says_so(network, batch):
    _loss, whole = after_a_step(network, batch)
    greedy = Greedy(5, 3)
    greedy.load_state_dict(network.state_dict())
    taken = steps(greedy)
    taken.take(*batch, np.random.default_rng(0))
    assert taken.micro_batch == 2 and "smaller parts" in taken.note
    assert torch.allclose(greedy.weight, whole, atol=1e-6)


def test_not_even_one_row_fitting_fails_with_words(batch):
    class Full(nn.Linear):
        def forward(self, inputs):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(TrainingFailed, match="Not even one image"):
        steps(Full(5, 3)).take(*batch, np.random.default_rng(0))


def test_soft_labels_of_one_class_are_its_hard_label(network, batch):
    inputs, labels = batch
    hard = after_a_step(network, batch)
    soft = after_a_step(network, (inputs, step.one_hot(labels, 3)))
    assert soft[0] == pytest.approx(hard[0], abs=1e-6)
    assert torch.allclose(soft[1], hard[1], atol=1e-6)


def test_mixup_blends_inputs_and_labels_by_the_same_share(network, batch):
    taken = steps(network, mixup=0.5)
    rng = np.random.default_rng(3)
    inputs, targets = taken._mixed(*batch, rng)
    share = float(np.random.default_rng(3).beta(0.5, 0.5))
    assert inputs.shape == batch[0].shape and torch.allclose(targets.sum(1), torch.ones(8))
    assert {round(float(v), 4) for v in targets.flatten()} <= {
        0.0,
        1.0,
        round(share, 4),
        round(1 - share, 4),
    }


def test_class_weights_let_rare_classes_count_more_and_keep_the_scale():
    labels = np.array([0] * 8 + [1] * 2)
    weights = step.class_weights(labels, 2).numpy()
    assert weights[1] == pytest.approx(4 * weights[0])
    assert weights[labels].mean() == pytest.approx(1)


def test_balanced_sampling_draws_every_class_alike():
    labels = np.array([0] * 900 + [1] * 100)
    drawn = labels[step.order_of(labels, settings(balance="sampling"), epoch=1)]
    assert len(drawn) == 1000 and abs(drawn.mean() - 0.5) < 0.06
    plain = step.order_of(labels, settings(), epoch=1)
    assert sorted(plain) == list(range(1000))


def test_what_finds_no_memory_is_computed_in_halves():
    rows = torch.arange(14.0).view(7, 2)
    seen = []

    def forward(part):
        if len(part) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        seen.append(len(part))
        return part + 1

    assert torch.equal(device.in_parts(forward, rows), rows + 1) and sum(seen) == 7


def test_a_step_that_is_made_ahead_is_the_same_in_order():
    made = made_ahead(lambda n: (torch.full((2,), n),), range(5), CPU)
    assert [int(part[0]) for (part,) in made] == [0, 1, 2, 3, 4]


def test_earlier_stages_learn_more_slowly():
    model = networks.build(get("lepton_small"), 2, weights=None)
    factor = networks.learning_rate_factors(model, head=3.0, layer_decay=0.5)
    names = ["head.weight", "backbone.stage4.0.0.weight", "backbone.stage1.0.0.weight"]
    assert [factor(name) for name in names] == [3.0, 1.0, 0.125]


def test_a_probe_learns_from_soft_labels():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    features = rng.normal(size=(80, 1, 6)).astype(np.float32) + labels[:, None, None]
    groups = [str(i) for i in range(80)]
    hard = probe.fit(features, labels, groups, n_classes=2)
    certain = np.eye(2)[labels]
    same = probe.fit(features, labels, groups, n_classes=2, targets=certain)
    assert np.allclose(hard.weight, same.weight, atol=1e-4)
    doubtful = probe.fit(features, labels, groups, n_classes=2, targets=0.8 * certain + 0.1)
    sure, less = (one.probabilities(features[:, 0]).max(1).mean() for one in (hard, doubtful))
    assert less < sure - 0.02


@pytest.mark.parametrize(
    "changes",
    [{"balance": "weights"}, {"balance": "sampling"}, {"mixup": 0.2}, {"micro_batch": 2}],
)
def test_every_way_of_learning_trains(tmp_path, changes):
    model = train(tmp_path, epochs=1, **changes)
    assert model.summary["micro_batch"] == changes.get("micro_batch", 4)
    assert np.isfinite(model.history[-1]["valid_loss"])


def test_a_network_learns_from_soft_labels(tmp_path):
    hard = small_data()
    soft = [
        Row(r.sha256, r.source, r.label, r.split, r.group, tuple(np.eye(2)[r.label] * 0.8 + 0.1))
        for r in hard.rows
    ]
    data = TrainingData(hard.classes, soft)
    assert data.fingerprint() != hard.fingerprint()
    model = train(tmp_path, epochs=1, data=data, label_smoothing=0.0)
    assert model.history[-1]["train_loss"] > 0.3  # nothing is certain, so no loss can vanish


@pytest.mark.parametrize("target", [(0.5, 0.6), (1.0,), (1.5, -0.5)])
def test_a_soft_label_that_is_no_distribution_is_refused(target):
    row = small_data().rows[0]
    wrong = Row(row.sha256, row.source, row.label, row.split, row.group, target)
    with pytest.raises(ValueError, match="no distribution"):
        TrainingData(["a", "b"], [wrong])
