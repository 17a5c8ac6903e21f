"""Measures agree with scikit-learn and textbooks."""

import numpy as np
import pytest
from sklearn import metrics as peer

from training.engine import evaluate

CLASSES = ["ok", "scratch", "dent"]


def answers(n=300, seed=0, n_classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    logits = rng.normal(0, 1.5, (n, n_classes))
    logits[np.arange(n), labels] += 1.5
    powers = np.exp(logits)
    return labels, powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_measures_agree_with_scikit_learn(seed):
    labels, probabilities = answers(seed=seed)
    predicted = probabilities.argmax(1)
    got = evaluate.metrics(labels, probabilities, CLASSES)
    precision, recall, f1, n = peer.precision_recall_fscore_support(
        labels, predicted, zero_division=0
    )
    for i, line in enumerate(got["per_class"]):
        assert (line["class"], line["n"]) == (CLASSES[i], n[i])
        for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
            assert line[name] == pytest.approx(values[i])
            low, high = line[f"{name}_interval"]
            assert low <= line[name] <= high
    assert got["accuracy"] == pytest.approx(peer.accuracy_score(labels, predicted))
    assert got["macro_f1"] == pytest.approx(peer.f1_score(labels, predicted, average="macro"))
    assert got["confusion_matrix"] == peer.confusion_matrix(labels, predicted).tolist()
    assert got["log_loss"] == pytest.approx(peer.log_loss(labels, probabilities))
    assert got["n"] == 300


def test_a_class_never_answered_counts_as_nothing():
    labels = np.array([0, 0, 1])
    got = evaluate.metrics(labels, np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.7, 0.3, 0]]), CLASSES)
    assert [line["f1"] for line in got["per_class"]] == [pytest.approx(0.8), 0, 0]


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_newcombes(right, n, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert evaluate.wilson_interval(right, n) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


def test_the_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        evaluate.wilson_interval(0, 0)


def test_the_macro_f1_interval_covers_the_truth_about_as_often_as_it_says():
    truth = evaluate.metrics(*answers(200_000, seed=99), CLASSES)["macro_f1"]
    hits = 0
    for seed in range(100):
        labels, probabilities = answers(200, seed=seed)
        low, high = evaluate.metrics(labels, probabilities, CLASSES)["macro_f1_interval"]
        hits += low <= truth <= high
    assert 88 <= hits <= 100


def test_a_perfect_score_on_a_few_rows_is_no_certainty():
    labels = np.array([0, 1] * 10)
    figures = evaluate.metrics(labels, np.eye(2)[labels], ["ok", "scratch"])
    one = figures["per_class"][0]
    for low, high in (figures["macro_f1_interval"], figures["macro_recall_interval"]):
        assert high == 1
        assert 0.75 < low < 0.95
    assert one["recall_interval"][0] < figures["macro_recall_interval"][0]  # fewer rows, wider


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    labels = np.array([0] * 7 + [1] * 3)
    sure = np.tile([0.9, 0.1], (10, 1))
    assert evaluate.expected_calibration_error(labels, sure) == pytest.approx(0.2)


def test_temperature_undoes_over_confidence():
    labels, probabilities = answers(5000)
    logits = np.log(probabilities)
    honest = evaluate.temperature(logits, labels)
    assert evaluate.temperature(logits * 3, labels) == pytest.approx(3 * honest, rel=1e-3)
    assert evaluate.log_loss(logits * 3, labels) > evaluate.log_loss(logits / honest, labels)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="Cannot measure"):
        evaluate.metrics(np.zeros(3, int), np.zeros((3, 2)), CLASSES)
    with pytest.raises(ValueError, match="Cannot measure"):
        evaluate.metrics(np.zeros(0, int), np.zeros((0, 3)), CLASSES)
