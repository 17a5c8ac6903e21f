"""Curves, calibration and comparison agree with independent libraries."""

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact
from sklearn import metrics
from sklearn.calibration import calibration_curve

from training.engine import curves


@pytest.fixture(params=range(4))
def rows(request):
    """(is of the class, scores with ties)."""
    rng = np.random.default_rng(request.param)
    is_class = rng.random(300) < 0.3
    scores = np.round(np.clip(rng.normal(0.4 + 0.25 * is_class, 0.2), 0, 1), 2)
    return is_class, scores


def test_roc_and_precision_recall_agree_with_scikit_learn(rows):
    found = curves.curve(*rows)
    alarm, recall, _thresholds = metrics.roc_curve(*rows, drop_intermediate=False)
    assert np.allclose(found.alarm_rate, alarm[1:]) and np.allclose(found.recall, recall[1:])
    assert found.average_precision == pytest.approx(metrics.average_precision_score(*rows))
    area = np.trapezoid(np.append(0, found.recall), np.append(0, found.alarm_rate))
    assert area == pytest.approx(metrics.roc_auc_score(*rows))


@pytest.mark.parametrize("threshold", [0.0, 0.35, 0.5, 0.9, 1.01])
def test_one_threshold_agrees_with_scikit_learn(rows, threshold):
    is_class, scores = rows
    found = curves.at(is_class, scores, threshold)
    called = scores >= threshold
    passed, alarms, missed, hits = metrics.confusion_matrix(is_class, called).ravel()
    assert [found[k] for k in ("passed", "alarms", "missed", "found")] == [
        passed,
        alarms,
        missed,
        hits,
    ]
    if called.any():
        assert found["precision"] == pytest.approx(metrics.precision_score(is_class, called))
        assert found["f1"] == pytest.approx(metrics.f1_score(is_class, called))
    else:
        assert found["precision"] is None
    assert found["recall"] == pytest.approx(metrics.recall_score(is_class, called))


def test_the_cheapest_threshold_is_the_cheapest_of_all(rows):
    is_class, scores = rows
    found = curves.curve(is_class, scores)
    costs = found.costs(40, 900)
    for threshold, cost in zip(found.thresholds, costs, strict=True):
        here = curves.at(is_class, scores, threshold)
        assert cost == here["alarms"] * 40 + here["missed"] * 900
    threshold, cost = found.cheapest(40, 900)
    here = curves.at(is_class, scores, threshold)
    assert cost == costs.min() == here["alarms"] * 40 + here["missed"] * 900
    assert threshold < found.cheapest(900, 40)[0]


def test_where_nothing_is_confused_the_cheapest_threshold_lies_between():
    found = curves.curve(np.array([True, True, False]), np.array([0.9, 0.8, 0.2]))
    assert found.cheapest(1, 1) == (pytest.approx(0.5), 0)


def test_calibration_agrees_with_scikit_learn():
    rng = np.random.default_rng(5)
    positive = rng.random(500)
    labels = (rng.random(500) < positive**1.5).astype(int)
    probabilities = np.stack([1 - positive, positive], 1)
    bins = curves.reliability(labels, probabilities)
    right, sure = calibration_curve(
        probabilities.argmax(1) == labels, probabilities.max(1), n_bins=10
    )
    assert [one["accuracy"] for one in bins] == pytest.approx(list(right))
    assert [one["confidence"] for one in bins] == pytest.approx(list(sure))
    assert sum(one["n"] for one in bins) == 500
    assert all(one["interval"][0] <= one["accuracy"] <= one["interval"][1] for one in bins)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (5, 5), (1, 9), (12, 30), (0, 8)])
def test_mcnemar_agrees_with_the_binomial_test(b, c):
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert curves.mcnemar(b, c) == pytest.approx(expected)


def test_the_paired_interval_is_the_published_one():
    """Newcombe 1998, table II, (a) of method 10: 36, 12, 2, 0 of 50."""
    low, high = curves._paired_interval(36, 12, 2, 0)
    assert (low, high) == (pytest.approx(0.0569, abs=5e-4), pytest.approx(0.3404, abs=5e-4))


def test_the_paired_interval_covers_the_true_difference():
    rng = np.random.default_rng(0)
    truth, hits = 0.05, 0
    for _round in range(400):
        kind = rng.choice(4, size=150, p=[0.75, 0.1, 0.05, 0.1])  # both, only b, only a, neither
        right_a, right_b = np.isin(kind, [0, 2]), np.isin(kind, [0, 1])
        low, high = curves.compared(right_a, right_b)["interval"]
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.99


def test_equal_models_do_not_differ():
    right = np.array([True, False, True])
    found = curves.compared(right, right)
    assert found["difference"] == 0 and found["p"] == 1


def test_a_class_that_is_nowhere_or_everywhere_has_no_curve():
    with pytest.raises(ValueError, match="rows of others"):
        curves.curve(np.array([True, True]), np.array([0.1, 0.2]))


# From table II of Newcombe's paper, method 10.
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
]


@pytest.mark.parametrize("table, published", NEWCOMBE)
def test_the_interval_of_a_gap_is_as_newcombe_published_it(table, published):
    assert curves.difference_interval(*table) == pytest.approx(published, abs=1e-4)


def test_fisher_s_test_agrees_with_scipy():
    rng = np.random.default_rng(3)
    for _round in range(200):
        n, m = rng.integers(1, 400, 2)
        a, b = rng.integers(0, n + 1), rng.integers(0, m + 1)
        ours = curves.fisher(int(a), int(n), int(b), int(m))
        theirs = fisher_exact([[a, n - a], [b, m - b]]).pvalue
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-12)


def test_holm_corrects_in_order():
    assert curves.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert curves.holm([]) == [] and curves.holm([0.9, 0.8]) == [1.0, 1.0]
