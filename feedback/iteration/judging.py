"""The challenger against the champion: the same frozen holdout, image by image."""

import numpy as np
from django.utils.translation import gettext as _

from feedback.iteration import slices
from feedback.receipts.settling import protected_classes
from training.engine import curves
from training.models import EvaluatedItem

SURE = 0.05
WINS, LOSES_CLASS, NOT_BETTER, UNJUDGED = "wins", "loses_class", "not_better", "unjudged"
UNSEEN_SLICE = "unseen_slice"


def judge(engagement, *, champion, challenger, margin: float, protected_slices=()) -> dict:
    """Return the paired comparison, per class too, and its outcome; plain data, kept for good.

    The challenger wins if it is surely better (it answers more images right, and McNemar's exact
    test has p < 0.05) or, with a `margin` above 0, better and surely not worse by as much (the 95 %
    interval of the difference lies above - `margin`); and if no protected class or slice is lost:
    one of which it gets more images wrong that the champion had right than the other way round, or
    a class whose recall falls below the least the requirement asks for. A protected slice of which
    there is no image cannot be judged, so nothing wins. Labels are those of the newest holdout.
    """
    rows = _rows(champion, challenger)
    facts = {"margin": margin, "protected": sorted(protected_classes(engagement))}
    if not rows:
        return facts | {"outcome": UNJUDGED, "n": 0, "classes": [], "slices": [], "lost": []}
    labels, before, after = (np.array(column) for column in list(zip(*rows, strict=True))[1:])
    paired = curves.compared(before == labels, after == labels)
    paired["interval"] = list(paired["interval"])
    classes = [_class(name, labels, before, after, engagement) for name in sorted(set(labels))]
    sliced = _slices(rows, challenger.test_evaluation.dataset_version, protected_slices)
    guarded = [one for one in classes if one["label"] in facts["protected"]] + sliced
    lost = [one["label"] for one in guarded if one["is_lost"]]
    unseen = [one["label"] for one in sliced if not one["n"]]
    is_near = margin > 0 and paired["interval"][0] > -margin
    wins = paired["difference"] > 0 and (paired["p"] < SURE or is_near)
    won = LOSES_CLASS if lost else UNSEEN_SLICE if unseen else WINS
    facts["holdout_sha256"] = challenger.test_evaluation.dataset_version.test_sha256
    found = {"classes": classes, "slices": sliced, "lost": lost, "unseen": unseen}
    return facts | paired | {"outcome": won if wins else NOT_BETTER} | found


def in_words(judgement) -> str:
    """Say in a sentence what came of it, and why."""
    outcome = judgement["outcome"]
    if outcome == WINS:
        return _(
            "The challenger wins: it answers more images right, and no protected class or slice is"
            " lost."
        )
    if outcome == LOSES_CLASS:
        return _("It is better overall, but loses: %s.") % ", ".join(judgement["lost"])
    if outcome == UNSEEN_SLICE:
        words = _("It is better overall, but nothing says that it does not lose: %s.")
        return words % ", ".join(judgement["unseen"])
    if outcome == UNJUDGED:
        return _("The two were not measured on the same images.")
    if judgement["difference"] > 0:
        return _("It answers more images right, but not so many that it could not be chance.")
    return _("It does not answer more images right than the champion.")


def _rows(champion, challenger) -> list[tuple]:
    """(image, label, champion's answer, challenger's) of each test image both were asked about."""
    tests = [one.test_evaluation for one in (champion, challenger)]
    if None in tests:
        return []
    before = EvaluatedItem.objects.filter(evaluation__model_version=champion)
    before = dict(before.values_list("image", "answer"))
    rows = tests[1].items.order_by("path", "pk").values_list("image", "label", "answer")
    return [(pk, label, before[pk], answer) for pk, label, answer in rows if pk in before]


def _class(name, labels, before, after, engagement) -> dict:
    of_it = labels == name
    was, is_ = before[of_it] == name, after[of_it] == name
    requirement = engagement.requirement
    least = (requirement.minimum_recalls if requirement else {}).get(name)
    row = _compared(name, was, is_)
    below = least is not None and row["after"] < float(least) <= row["before"]
    return row | {"is_lost": row["is_lost"] or below}


def _slices(rows, version, wanted) -> list[dict]:
    found = []
    for name, images in slices.images_in(version, wanted).items():
        inside = [row for row in rows if row[0] in images]
        was = np.array([before == label for _image, label, before, _after in inside], bool)
        is_ = np.array([after == label for _image, label, _before, after in inside], bool)
        found.append(_compared(name, was, is_))
    return found


def _compared(name, was, is_) -> dict:
    """How often the two were right on some images, bool [n] each."""
    gained, lost = int((is_ & ~was).sum()), int((was & ~is_).sum())
    return {
        "label": str(name),
        "n": len(was),
        "before": float(was.mean()) if len(was) else None,
        "after": float(is_.mean()) if len(is_) else None,
        "gained": gained,
        "lost": lost,
        "is_lost": lost > gained,
    }
