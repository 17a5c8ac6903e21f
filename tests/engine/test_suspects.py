"""Wrong labels are found where a model can tell, and nothing is said where it cannot."""

import numpy as np
import pytest

from training.engine import probe, suspects


def doubts(apart, flipped=0.05, n=400, seed=0):
    """Two classes `apart` standard deviations, a share of the labels wrong: (found, wrong rows)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    features = rng.normal(size=(n, 1, 8)).astype(np.float32)
    features[:, 0, 0] += apart * truth
    wrong = rng.choice(n, int(flipped * n), replace=False)
    labels = truth.copy()
    labels[wrong] = 1 - labels[wrong]
    fitted = probe.fit(features, labels, [str(i) for i in range(n)], n_classes=2)
    return suspects.rank(fitted.out_of_fold, labels), set(wrong.tolist())


def test_flipped_labels_lead_the_list():
    found, wrong = doubts(apart=6)
    first = {one.row for one in found[: len(wrong)]}
    assert len(first & wrong) / len(wrong) >= 0.9
    assert found == sorted(found, key=lambda one: one.margin) and found[0].margin < -0.5


def test_a_model_that_is_often_wrong_says_nothing():
    found, _wrong = doubts(apart=1)
    assert found == []


def test_without_folds_nothing_is_said():
    unknown = np.full((4, 2), np.nan)
    assert suspects.rank(unknown, np.array([0, 1, 0, 1])) == []


def test_the_suggestion_is_the_likeliest_other_class():
    answers = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1, 2, 0]] * 0.9 + 0.1 / 3
    labels = answers.argmax(1)
    labels[0] = 2
    [one] = suspects.rank(answers, labels)
    assert (one.row, one.suggested) == (0, 0) and one.margin == pytest.approx(-0.9)
