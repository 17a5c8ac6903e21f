"""The mean of several classifiers' probabilities, each calibrated first. NumPy only."""

from collections.abc import Sequence

import numpy as np

from training.engine import evaluate

LEAST = 1e-12  # a probability's logarithm is taken from here on
ROUNDS = 200


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Return logits [n, classes] that give these probabilities (up to a constant a row)."""
    return np.log(np.maximum(probabilities, LEAST))


def calibrated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(log(p) / temperature), float [n, classes]."""
    cooled = logits(probabilities) / temperature
    powers = np.exp(cooled - cooled.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def blended(
    answers: Sequence[np.ndarray], temperatures: Sequence[float], weights: Sequence[float]
) -> np.ndarray:
    """Return sum(weights[i] * calibrated(answers[i])), float [n, classes]."""
    parts = zip(answers, temperatures, weights, strict=True)
    return sum(weight * calibrated(one, heat) for one, heat, weight in parts)


def temperatures(answers: Sequence[np.ndarray], labels: np.ndarray) -> list[float]:
    """Return each classifier's temperature, fitted on rows it did not learn from."""
    return [evaluate.temperature(logits(one), labels) for one in answers]


def weights(answers: Sequence[np.ndarray], labels: np.ndarray) -> list[float]:
    """Return the weights, not negative and 1 in sum, whose mean has the least log loss.

    Expectation maximisation for the shares of a mixture whose parts are fixed (Dempster, Laird and
    Rubin, JRSS B 39, 1977, section 4.3); the loss is convex in them, so it finds the best.
    """
    rows = np.arange(len(labels))
    given = np.stack([np.maximum(one[rows, labels], LEAST) for one in answers], axis=1)
    shares = np.full(len(answers), 1 / len(answers))
    for _round in range(ROUNDS):
        owed = given * shares
        shares = (owed / owed.sum(1, keepdims=True)).mean(0)
    return [float(share) for share in shares]
