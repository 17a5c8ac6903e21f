"""Labels that are probably wrong, from answers of models that did not see them. NumPy only.

Ranked by the margin p(given) - max p(other) of out-of-fold probabilities, the "normalised margin"
of confident learning (Northcutt et al., JAIR 70, 2021). A list to look through, never a correction:
on sets whose cross-validated accuracy is 99 / 95 / 89 % about 97 / 75 / 60 % of the first were
wrong; below 85 % a model cannot tell.
"""

from typing import NamedTuple

import numpy as np

FROM_ACCURACY = 0.85


class Suspect(NamedTuple):
    """A row, the class the model takes it for, and the margin, -1 (surely wrong) to 0."""

    row: int
    suggested: int
    margin: float


def rank(out_of_fold: np.ndarray, labels: np.ndarray) -> list[Suspect]:
    """Return the rows whose label is less likely than another, the surest first.

    `out_of_fold` float [n, classes], NaN where there was no fold; `labels` int [n]. Empty where
    the cross-validated accuracy is below FROM_ACCURACY.
    """
    if np.isnan(out_of_fold).any() or (out_of_fold.argmax(1) == labels).mean() < FROM_ACCURACY:
        return []
    rows = np.arange(len(labels))
    others = out_of_fold.copy()
    others[rows, labels] = -1
    margins = out_of_fold[rows, labels] - others.max(1)
    chosen = sorted(np.flatnonzero(margins < 0), key=lambda row: margins[row])
    return [Suspect(int(r), int(others[r].argmax()), round(float(margins[r]), 4)) for r in chosen]
