"""A model version looked at more closely: threshold and cost, calibration, slices, comparison."""

from collections import Counter

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lepton.lib import charts
from training.engine import curves
from training.engine.evaluate import auc, auc_interval
from training.runs import fairness

POINTS = 120  # of a drawn curve
LEAST_LOOKS = 30  # measured images, for thirds of them
MOST_VALUES = 12  # of one name, beyond which numbers are shown as thirds
SLICED_BY = {
    "brightness": gettext_lazy("Brightness"),
    "sharpness": gettext_lazy("Sharpness"),
    "size": gettext_lazy("Size"),
}


class Answers:
    """What a model version answered on the images of an evaluation, as arrays."""

    def __init__(self, evaluation):
        self.evaluation, self.classes = evaluation, evaluation.model_version.classes
        names = ("image_id", "label", "scores", "image__brightness", "image__sharpness")
        names += ("image__width", "image__height")
        rows = list(evaluation.items.order_by("image_id").values_list(*names))
        self.images = [row[0] for row in rows]
        index = {label: i for i, label in enumerate(self.classes)}
        self.labels = np.array([index.get(row[1], -1) for row in rows], dtype=int)
        self.scores = np.array([row[2] for row in rows], dtype=float)
        self.right = self.scores.argmax(1) == self.labels
        self.looks = {
            "brightness": _floats(row[3] for row in rows),
            "sharpness": _floats(row[4] for row in rows),
            "size": _floats(row[5] * row[6] for row in rows),
        }
        self.metadata = self._metadata()

    def _metadata(self) -> dict[str, np.ndarray]:
        """What is known of the images besides, by name; "" where it is not given."""
        version = self.evaluation.dataset_version
        if not version.meta_names:
            return {}
        found = dict(version.items.exclude(meta={}).values_list("image_id", "meta"))
        known = [found.get(image, {}) for image in self.images]
        return {
            name: np.array([meta.get(name, "") for meta in known]) for name in version.meta_names
        }


def operating(answers: Answers, label: str, threshold: float | None, requirement) -> dict:
    """What one class is found with at a threshold, its curves, and what that costs.

    Without a threshold the cheapest one by the customer's own costs is taken, else 0.5. It is
    chosen on the very images it is shown for, so on others it does a little worse.
    """
    place = answers.classes.index(label)
    is_class, scores = answers.labels == place, answers.scores[:, place]
    facts = {"label": label, "n": len(scores), "positive": int(is_class.sum())}
    if not 0 < facts["positive"] < facts["n"]:
        return facts | {"curve": None, "threshold": threshold or 0.5}
    found = curves.curve(is_class, scores)
    alarm, miss = _costs(requirement)
    cheapest = None
    if alarm is not None:
        cheapest = dict(zip(("threshold", "cents"), found.cheapest(alarm, miss), strict=True))
    chosen = threshold if threshold is not None else cheapest["threshold"] if cheapest else 0.5
    here = curves.at(is_class, scores, chosen)
    area = auc(is_class, scores)
    return facts | {
        "threshold": chosen,
        "at": here,
        "cents": None if alarm is None else here["alarms"] * alarm + here["missed"] * miss,
        "cheapest": cheapest,
        "auc": area,
        "auc_interval": auc_interval(area, facts["positive"], facts["n"] - facts["positive"]),
        "average_precision": found.average_precision,
        "curve": found,
    }


def drawn(found: curves.Curve) -> dict:
    """The ROC and the precision-recall curve as charts."""
    keep = np.unique(np.linspace(0, len(found.thresholds) - 1, POINTS).astype(int))
    alarm, recall, precision = (
        v[keep].tolist() for v in (found.alarm_rate, found.recall, found.precision)
    )
    roc = [(0.0, 0.0), *zip(alarm, recall, strict=True), (1.0, 1.0)]
    pr = list(zip(recall, precision, strict=True))
    scale = {"y_range": (0, 1), "whole_x": False}
    return {
        "roc": charts.line_chart([{"name": _("recall"), "points": roc}], **scale),
        "pr": charts.line_chart([{"name": _("precision"), "points": pr}], **scale),
    }


def calibration(answers: Answers) -> list[dict]:
    """How often answers of like confidence were right."""
    return curves.reliability(answers.labels, answers.scores)


def slices(answers: Answers) -> list[dict]:
    """Accuracy and recall by look and by metadata, each part with its gap to the rest."""
    return fairness.judged(answers, [*_by_look(answers), *_by_metadata(answers)])


def _by_look(answers):
    """Thirds of brightness, sharpness and size, where enough was measured."""
    for name, title in SLICED_BY.items():
        values = answers.looks[name]
        known = ~np.isnan(values)
        if known.sum() >= LEAST_LOOKS and np.ptp(values[known]) > 0:
            yield fairness.Sliced(name, title, _thirds(values, known), known, False)


def _by_metadata(answers):
    """Each value of what is known of the images besides; thirds of numbers that are many."""
    for name, values in answers.metadata.items():
        known = values != ""
        counts = Counter(values[known].tolist())
        numbers = _numbers(values) if len(counts) > MOST_VALUES else None
        if numbers is not None:
            parts = _thirds(numbers, known)
        else:
            common = sorted(word for word, _n in counts.most_common(MOST_VALUES))
            parts = [(word, values == word) for word in common]
        if len(counts) > 1:
            yield fairness.Sliced(name, name, parts, known, True)


def _thirds(values, known):
    low, high = np.quantile(values[known], [1 / 3, 2 / 3])
    parts = [
        (_("lower third"), known & (values <= low)),
        (_("middle third"), known & (values > low) & (values <= high)),
        (_("upper third"), known & (values > high)),
    ]
    return [(word, inside) for word, inside in parts if inside.any()]


def _numbers(words):
    """The values as numbers, NaN where none is given; None if one is no number."""
    try:
        return np.array([float(word) if word else np.nan for word in words])
    except ValueError:
        return None


def comparison(before: Answers, after: Answers) -> dict | None:
    """Two model versions on the images both were asked about; None where there are none."""
    ours = {image: i for i, image in enumerate(before.images)}
    pairs = [(ours[image], j) for j, image in enumerate(after.images) if image in ours]
    same = [(i, j) for i, j in pairs if _label(before, i) == _label(after, j)]
    if not same:
        return None
    a, b = (np.array(side) for side in zip(*same, strict=True))
    return curves.compared(before.right[a], after.right[b])


def _label(answers, i):
    return answers.classes[answers.labels[i]]


def _costs(requirement):
    """Cents of a false alarm and of a miss, both or neither."""
    if requirement is None:
        return None, None
    alarm, miss = requirement.false_positive_cents, requirement.false_negative_cents
    return (None, None) if None in (alarm, miss) else (alarm, miss)


def _floats(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)
