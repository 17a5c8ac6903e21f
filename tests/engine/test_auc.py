"""The mean AUC and its interval: against scikit-learn, the definition, and simulated truth."""

import numpy as np
import pytest
from sklearn import metrics as peer

from tests.engine.test_evaluate import CLASSES, answers
from training.engine import evaluate


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_auc_agrees_with_scikit_learn(seed):
    labels, probabilities = answers(seed=seed)
    got = evaluate.metrics(labels, probabilities, CLASSES)
    wanted = peer.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert got["macro_auc"] == pytest.approx(wanted)
    low, high = got["macro_auc_interval"]
    assert low < got["macro_auc"] < high


def test_ties_count_half():
    scores = np.round(np.random.default_rng(0).random(200), 1)
    positive = np.random.default_rng(1).random(200) < scores
    assert evaluate.auc(positive, scores) == pytest.approx(peer.roc_auc_score(positive, scores))
    assert evaluate.auc(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_two_classes_have_one_auc():
    labels, probabilities = answers(n_classes=2)
    got = evaluate.metrics(labels, probabilities, ["ok", "scratch"])
    assert got["macro_auc"] == pytest.approx(peer.roc_auc_score(labels, probabilities[:, 1]))


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 0]])
def test_where_a_class_has_no_row_there_is_no_auc(labels):
    got = evaluate.metrics(np.array(labels), np.full((4, 3), 1 / 3), CLASSES)
    assert got["macro_auc"] is None and got["macro_auc_interval"] is None


def test_an_auc_of_one_kind_of_row_is_refused():
    with pytest.raises(ValueError, match="rows of others"):
        evaluate.auc(np.array([True, True]), np.array([0.1, 0.2]))


@pytest.mark.parametrize(("value", "m", "n"), [(0.9, 20, 30), (0.5, 10, 10), (0.97, 5, 200)])
def test_the_ends_solve_the_equation_of_the_method(value, m, n):
    for end in evaluate.auc_interval(value, m, n):
        inner = (1 - end) / (2 - end) + end / (1 + end)
        variance = end * (1 - end) * (1 + ((m + n) / 2 - 1) * inner) / (m * n)
        assert abs(end - value) == pytest.approx(evaluate.Z95 * variance**0.5)


def test_a_perfect_order_of_a_few_rows_is_no_certainty():
    low, high = evaluate.auc_interval(1.0, 10, 10)
    assert high == 1 and 0.6 < low < 0.95
    low, high = evaluate.auc_interval(0.0, 10, 10)
    assert low == 0 and 0.05 < high < 0.4


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_interval_covers_the_truth_at_least_about_as_often_as_it_says(n_classes):
    names = CLASSES[:n_classes]
    truth = evaluate.metrics(*answers(100_000, 99, n_classes), names)["macro_auc"]
    hits = 0
    for seed in range(100):
        found = evaluate.metrics(*answers(100, seed, n_classes), names)
        low, high = found["macro_auc_interval"]
        hits += low <= truth <= high
    assert hits >= 90
