"""Linear probe: logistic regression on frozen features, its strength cross-validated.

Torch-free. The loss is mean cross-entropy + l2/2 * |W|^2 on standardised features, solved by
scikit-learn's LogisticRegression (L-BFGS) with C = 1 / (n * l2). Strength: the largest l2 whose
cross-validated loss is within one standard error of the best (Breiman et al., Classification and
Regression Trees, 1984, section 3.4.3).
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.graph import softmax

L2_GRID = tuple(float(10 ** (1 - step / 2)) for step in range(9))  # 10 to 0.001 in half-decades
FOLDS = 5


@dataclass(frozen=True)
class Probe:
    """A fitted head: logits = features @ weight.T + bias, weight float32 [classes, features], bias
    [classes].

    `out_of_fold` holds each row's probabilities [n, classes] from the fold that did not see it
    (NaN where
    there was no cross-validation); `scores` a dict per l2; `folds` "grouped", "by image" or "none".
    """

    weight: np.ndarray
    bias: np.ndarray
    l2: float
    scores: list[dict]
    folds: str
    out_of_fold: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities float32 [n, classes] of features [n, features]."""
        return answers(features, self.weight, self.bias)


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str],
    *,
    n_classes: int,
    targets: np.ndarray | None = None,
    l2: float | None = None,
    seed: int = 0,
    on_fold: Callable[[int, int, float], None] = lambda fold, folds, loss: None,
) -> Probe:
    """Fit on features float32 [n, views, features] and labels int [n]; all views of a row share
    its fold.

    `groups` [n] keeps rows of one group in one fold. `targets` float [n, classes] are soft labels
    to learn from; folds and their scores go by `labels`. After each fold `on_fold` hears its number
    from 0, how many there are, and the mean loss over the folds so far at the best strength; what
    it raises ends the fit. Raises TrainingFailed for a class with fewer than 2 rows.
    """
    counts = np.bincount(labels, minlength=n_classes)
    if counts.min() < 2:
        raise TrainingFailed(
            gettext_noop(
                "Class number %(number)d has %(n)d training images; at least 2 are needed."
            ),
            gettext_noop("Add images to that class or leave it out."),
            number=int(counts.argmin()) + 1,
            n=int(counts.min()),
        )
    fold_of, kind = assign_folds(labels, groups, seed=seed)
    grid = L2_GRID if l2 is None else (l2,)
    learnt = labels if targets is None else targets
    losses, out_of_fold = _cross_validate(features, labels, learnt, fold_of, grid, on_fold)
    scores = [_score(strength, losses[index], fold_of) for index, strength in enumerate(grid)]
    best = min(scores, key=lambda score: score["loss"])
    chosen = max(
        (
            i
            for i, score in enumerate(scores)
            if score["loss"] <= best["loss"] + best["standard_error"]
        ),
        key=lambda i: grid[i],
    )
    weight, bias = _fold_in(*_Problem(features, learnt, n_classes).solve(grid[chosen]))
    return Probe(weight, bias, grid[chosen], scores, kind, out_of_fold[chosen])


def assign_folds(
    labels: np.ndarray, groups: Sequence[str], *, seed: int, folds: int = FOLDS
) -> tuple[np.ndarray, str]:
    """Return each row's fold int [n] and how they were made: "grouped" or, where groups are too
    few, "by image".

    Folds are stratified; a class with fewer members than folds lowers the number of folds, down to
    2.
    """
    groups = np.asarray(groups)
    if len(set(groups)) < len(groups):
        fold_of = _split(labels, groups, seed, folds)
        if fold_of is not None:
            return fold_of, "grouped"
    return _split(labels, np.arange(len(labels)), seed, folds), "by image"


def _split(labels: np.ndarray, groups: np.ndarray, seed: int, folds: int) -> np.ndarray | None:
    """Return the folds, or None where some class would be missing from a fold's training part."""
    fewest = min(len(set(groups[labels == label])) for label in set(labels))
    if fewest < 2:
        return None
    fold_of = np.empty(len(labels), dtype=int)
    splitter = StratifiedGroupKFold(min(folds, fewest), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            fold_of[held_out] = number
    fold_of = np.unique(fold_of, return_inverse=True)[1]  # a fold no group fell into does not count
    whole = all(
        len(set(labels[fold_of != fold])) == len(set(labels)) for fold in range(fold_of.max() + 1)
    )
    return fold_of if whole and fold_of.max() > 0 else None


def solve(features: np.ndarray, labels: np.ndarray, *, n_classes: int, l2: float):
    """Return (weight, bias) for one strength without cross-validation, shapes as in Probe."""
    return _fold_in(*_Problem(features, labels, n_classes).solve(l2))


def answers(features: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return probabilities float32 [n, classes] of features [n, features] by a head."""
    return softmax(features @ weight.T + bias)


class _Problem:
    """One standardised training set, rotated to at most n dimensions.

    The l2 penalty does not change under rotation, so with fewer rows than features the exact
    solution
    lies in the rows' span and L-BFGS may work there.
    """

    def __init__(self, features: np.ndarray, learnt: np.ndarray, n_classes: int):
        rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
        self.n, self.n_classes = len(rows), n_classes
        self.labels, self.weights = np.repeat(learnt, features.shape[1], axis=0), None
        self.mean, self.scale = rows.mean(0), rows.std(0)
        self.scale[self.scale < 1e-6] = 1.0
        rows = (rows - self.mean) / self.scale
        self.basis = np.linalg.qr(rows.T)[0] if len(rows) < rows.shape[1] else None
        self.rows = rows if self.basis is None else rows @ self.basis
        if learnt.ndim == 2:  # a row with a soft label stands once for each class, by its share
            at, self.labels = np.nonzero(self.labels)
            self.weights = np.repeat(learnt, features.shape[1], axis=0)[at, self.labels]
            self.rows = self.rows[at]
        self.start = None

    def solve(self, l2: float) -> tuple:
        """Return (weight, bias, mean, scale) for standardised features; starts from the previous
        solution."""
        two = (
            self.n_classes == 2
        )  # scikit-learn keeps the difference of the two rows, whose penalty is twice as large
        if self.start is None:
            self.start = LogisticRegression(max_iter=300, tol=1e-4, warm_start=True)
        self.start.C = (2.0 if two else 1.0) / (self.n * l2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.start.fit(self.rows, self.labels, sample_weight=self.weights)
        weight, bias = self.start.coef_, self.start.intercept_
        if two:
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        if self.basis is not None:
            weight = weight @ self.basis.T
        return weight, bias, self.mean, self.scale


def _fold_in(weight, bias, mean, scale) -> tuple[np.ndarray, np.ndarray]:
    """Fold the standardisation into one weight matrix and bias."""
    weight = weight / scale
    return weight.astype(np.float32), (bias - weight @ mean).astype(np.float32)


def _cross_validate(
    features, labels, learnt, fold_of, grid, on_fold
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's held-out loss [l2, n] and probabilities [l2, n, classes]; asked on view 0,
    as in serving."""
    n_classes = learnt.shape[1] if learnt.ndim == 2 else labels.max() + 1
    probabilities = np.empty((len(grid), len(labels), n_classes), dtype=np.float32)
    folds = int(fold_of.max()) + 1
    for fold in range(folds):
        held_out = fold_of == fold
        problem = _Problem(features[~held_out], learnt[~held_out], n_classes)
        for index in np.argsort(grid)[::-1]:
            weight, bias = _fold_in(*problem.solve(grid[index]))
            probabilities[index, held_out] = softmax(features[held_out, 0] @ weight.T + bias)
        so_far = _losses(probabilities, labels, np.flatnonzero(fold_of <= fold))
        on_fold(fold, folds, float(so_far.mean(1).min()))
    return _losses(probabilities, labels, np.arange(len(labels))), probabilities


def _losses(probabilities, labels, rows) -> np.ndarray:
    """The loss [l2, rows] of those rows."""
    return -np.log(np.clip(probabilities[:, rows, labels[rows]], 1e-12, None))


def _score(l2: float, losses: np.ndarray, fold_of: np.ndarray) -> dict:
    per_fold = np.array([losses[fold_of == fold].mean() for fold in range(fold_of.max() + 1)])
    return {
        "l2": l2,
        "loss": float(losses.mean()),
        "standard_error": float(per_fold.std(ddof=1) / np.sqrt(len(per_fold))),
    }
