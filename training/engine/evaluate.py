"""Measures of a classifier on held-out rows, from labels and probabilities. NumPy only."""

import numpy as np

Z95 = 1.959963984540054  # the normal distribution's 97.5 % quantile
POSTERIOR_ROUNDS = 2000


def metrics(labels: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> dict:
    """Return all measures as plain data.

    `labels` int [n], `probabilities` float [n, classes]. Raises ValueError for no rows or other
    shapes.
    Precision, recall and F1 with nothing to divide by are 0 (scikit-learn's zero_division=0).
    """
    labels, probabilities = (
        np.asarray(labels, dtype=np.int64),
        np.asarray(probabilities, dtype=np.float64),
    )
    if not len(labels) or probabilities.shape != (len(labels), len(classes)):
        raise ValueError(
            f"Cannot measure {len(labels)} labels by probabilities of shape {probabilities.shape}."
        )
    predicted = probabilities.argmax(1)
    matrix = confusion_matrix(labels, predicted, len(classes))
    correct = int(np.trace(matrix))
    return {
        "n": len(labels),
        "correct": correct,
        "accuracy": correct / len(labels),
        "accuracy_interval": list(wilson_interval(correct, len(labels))),
        **_shares(matrix, classes),
        **_auc(labels, probabilities),
        "confusion_matrix": matrix.tolist(),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "log_loss": float(
            -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1)).mean()
        ),
    }


def _shares(matrix, classes) -> dict:
    """Precision, recall and F1 with their intervals: of each class, and their means."""
    names = ("precision", "recall", "f1")
    measured = np.stack(precision_recall_f1(matrix))
    of_class, of_mean = (intervals.tolist() for intervals in posterior_intervals(matrix))
    table = [{"class": name, "n": int(matrix[i].sum())} for i, name in enumerate(classes)]
    found = {"per_class": table}
    for k, name in enumerate(names):
        found[f"macro_{name}"] = float(measured[k].mean())
        found[f"macro_{name}_interval"] = of_mean[k]
        for i, row in enumerate(table):
            row[name], row[f"{name}_interval"] = float(measured[k, i]), of_class[k][i]
    return found


def _auc(labels, probabilities) -> dict:
    """The mean over the classes of one-vs-rest AUC; None where a class has no or every row.

    The interval is the mean of the classes' bounds, as if the classes erred together: it is never
    narrower than theirs are on average.
    """
    given = np.bincount(labels, minlength=probabilities.shape[1])
    if (given == 0).any() or (given == len(labels)).any():
        return {"macro_auc": None, "macro_auc_interval": None}
    values = [auc(labels == k, probabilities[:, k]) for k in range(len(given))]
    pairs = zip(values, given.tolist(), strict=True)
    bounds = [auc_interval(value, n, len(labels) - n) for value, n in pairs]
    return {
        "macro_auc": float(np.mean(values)),
        "macro_auc_interval": np.mean(bounds, axis=0).tolist(),
    }


def auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve: the share of pairs (a positive row, another) in which
    the positive one scores higher, ties counting half (Hanley and McNeil, Radiology 143, 1982).

    `positive` bool [n], `scores` float [n]. Raises ValueError unless both kinds are there.
    """
    n_positive, n = int(positive.sum()), len(positive)
    if not 0 < n_positive < n:
        raise ValueError("An AUC needs rows of the class and rows of others.")
    _values, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]  # ties share the mean of their ranks
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * (n - n_positive)))


def auc_interval(value: float, m: int, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Return the 95 % interval of an AUC from `m` rows of a class and `n` others (Newcombe,
    Statistics in Medicine 25, 2006, 559-573, method 5).

    Its ends are the areas t with |t - value| = z sqrt(V(t)), V being Hanley and McNeil's variance
    with m and n inside it replaced by their mean. Unlike value ± z sqrt(V(value)) it is no point
    where every pair is in order.

    In simulations of 400 rounds (20, 60 or 270 rows, true AUC 0.70 to 0.999) it covered the true
    value in 94 to 99 % for two classes, shared evenly or 85 to 15. The mean of the classes' bounds
    covered the true mean in 97.5 to 100 % for three classes and 99.5 to 100 % for ten: it is
    conservative, the more so the more classes there are.
    """

    def distance(area):
        inner = (1 - area) / (2 - area) + area / (1 + area)
        variance = area * (1 - area) * (1 + ((m + n) / 2 - 1) * inner) / (m * n)
        return abs(area - value) - z * np.sqrt(variance)

    return _root(distance, value, 0.0), _root(distance, value, 1.0)


def _root(distance, inside: float, outside: float) -> float:
    """Halve towards where `distance` turns positive between `inside` and `outside`."""
    if inside == outside:
        return outside
    for _step in range(60):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if distance(middle) > 0 else (middle, outside)
    return float((inside + outside) / 2)


def wilson_interval(successes: int, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson, JASA 22, 1927, 209-212). Raises
    ValueError for n < 1."""
    if n < 1:
        raise ValueError("An interval needs at least one row.")
    share, width = successes / n, z * z / n
    centre = (share + width / 2) / (1 + width)
    half = z * np.sqrt(share * (1 - share) / n + width / (4 * n)) / (1 + width)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Return counts int [classes, classes], rows = given label, columns = predicted."""
    return np.bincount(labels * n_classes + predicted, minlength=n_classes**2).reshape(
        n_classes, n_classes
    )


def precision_recall_f1(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and F1 per class, float [..., classes], of confusion matrices [...,
    classes, classes]."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    given, answered = matrix.sum(-1), matrix.sum(-2)
    return _share(hits, answered), _share(hits, given), _share(2 * hits, given + answered)


def posterior_intervals(
    matrix: np.ndarray, *, rounds: int = POSTERIOR_ROUNDS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % credible intervals of precision, recall and F1, each holding the measured value.

    First per class, float [3, classes, 2], then of their means over the classes, float [3, 2].
    The confusion matrix's cells are drawn `rounds` times from their Dirichlet posterior (Goutte
    and Gaussier, ECIR 2005) under the Perks prior, which spreads one row's weight over all cells.
    Unlike the bootstrap it does not shrink to a point when nothing was answered wrongly. In
    simulations (20 to 270 rows) it covered the true value in 91 to 98 %, the bootstrap in 60 to 95.
    """
    weights = matrix.ravel() + 1 / matrix.size
    drawn = np.random.default_rng(seed).dirichlet(weights, size=rounds)
    shares = np.stack(precision_recall_f1(drawn.reshape(rounds, *matrix.shape)))
    measured = np.stack(precision_recall_f1(matrix))
    return _interval(shares, measured), _interval(shares.mean(-1), measured.mean(-1))


def _interval(drawn: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """The middle 95 % of drawn [3, rounds, …], widened to hold measured [3, …]: [3, …, 2]."""
    low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
    return np.stack([np.minimum(low, measured), np.maximum(high, measured)], axis=-1)


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, *, bins: int = 15
) -> float:
    """Return the expected calibration error over equal-width confidence bins (Guo et al., ICML
    2017, equation 3)."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    gap = np.abs(
        np.bincount(which, right, minlength=bins) - np.bincount(which, confidence, minlength=bins)
    )
    return float(gap[count > 0].sum() / len(labels))


def temperature(
    logits: np.ndarray, labels: np.ndarray, *, low: float = 0.25, high: float = 8.0
) -> float:
    """Return the temperature in [low, high] that minimises the loss of softmax(logits / T) (Guo et
    al., ICML 2017).

    The loss is convex in 1/T, so a golden-section search over log T finds it.
    """
    left, right = np.log(low), np.log(high)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        a, b = right - ratio * (right - left), left + ratio * (right - left)
        if log_loss(logits / np.exp(a), labels) < log_loss(logits / np.exp(b), labels):
            right = b
        else:
            left = a
    return float(np.exp((left + right) / 2))


def log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of logits [n, classes] in nats."""
    shifted = logits - logits.max(1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]).mean())


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
