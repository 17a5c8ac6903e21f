"""The learning curve: it falls where data is short, and says so where more brings nothing."""

import numpy as np
import pytest

from training.engine import learning, probe

STRENGTH = 3.0  # as cross-validation would choose for so few rows


def rows(n, apart, dimensions=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    features = rng.normal(size=(n, 1, dimensions)).astype(np.float32)
    features[:, 0, :10] += apart * labels[:, None]
    return features, labels


def curve(n, apart, **changes):
    features, labels = rows(n, apart, **changes)
    groups = [str(i) for i in range(n)]
    return learning.curve(features, labels, groups, n_classes=2, l2=STRENGTH)


def test_where_data_is_short_twice_as_much_is_worth_something():
    found = curve(200, apart=0.7)
    accuracies = [one["accuracy"] for one in found["points"]]
    assert [one["n"] for one in found["points"]] == [20, 40, 80, 160]
    assert accuracies[-1] > accuracies[0]
    assert found["doubled"]["n"] == 400
    assert found["doubled"]["accuracy"] > accuracies[-1] + 0.01


@pytest.mark.parametrize("apart", [0.7, 1.5, 3])
def test_the_expectation_holds_what_comes_true(apart):
    held = 0
    for seed in range(20):
        expected = curve(200, apart=apart, seed=seed)["doubled"]
        features, labels = rows(400, apart=apart, seed=seed)
        fresh, truth = rows(4000, apart=apart, seed=seed + 100)
        head = probe.solve(features, labels, n_classes=2, l2=STRENGTH)
        real = (probe.answers(fresh[:, 0], *head).argmax(1) == truth).mean()
        held += expected["low"] <= real <= expected["high"]
    assert held >= 17


def test_where_all_is_known_more_brings_nothing():
    found = curve(200, apart=6)
    assert found["doubled"]["accuracy"] == pytest.approx(1.0, abs=0.005)


def test_too_few_images_have_no_curve():
    assert curve(24, apart=2) is None
