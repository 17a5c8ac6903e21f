"""The challenger against the champion: the same frozen holdout, image by image."""

import numpy as np
from django.utils.translation import gettext as _

from feedback.receipts.settling import protected_classes
from training.engine import curves
from training.models import EvaluatedItem

SURE = 0.05
WINS, LOSES_CLASS, NOT_BETTER, UNJUDGED = "wins", "loses_class", "not_better", "unjudged"


def judge(engagement, *, champion, challenger, margin: float) -> dict:
    """Return the paired comparison, per class too, and its outcome; plain data, kept for good.

    The challenger wins if it is surely better (it answers more images right, and McNemar's exact
    test has p < 0.05) or, with a `margin` above 0, better and surely not worse by as much (the 95 %
    interval of the difference lies above - `margin`); and if no protected class is lost: one of
    which it gets more images wrong that the champion had right than the other way round, or whose
    recall falls below the least the requirement asks for. Labels are those of the newest holdout.
    """
    rows = _rows(champion, challenger)
    facts = {"margin": margin, "protected": sorted(protected_classes(engagement))}
    if not rows:
        return facts | {"outcome": UNJUDGED, "n": 0, "classes": [], "lost": []}
    labels, before, after = (np.array(column) for column in zip(*rows, strict=True))
    paired = curves.compared(before == labels, after == labels)
    paired["interval"] = list(paired["interval"])
    classes = [_class(name, labels, before, after, engagement) for name in sorted(set(labels))]
    lost = [
        one["label"] for one in classes if one["is_lost"] and one["label"] in facts["protected"]
    ]
    is_near = margin > 0 and paired["interval"][0] > -margin
    wins = paired["difference"] > 0 and (paired["p"] < SURE or is_near)
    outcome = (LOSES_CLASS if lost else WINS) if wins else NOT_BETTER
    test = challenger.test_evaluation
    facts["holdout_sha256"] = test.dataset_version.test_sha256
    return facts | paired | {"outcome": outcome, "classes": classes, "lost": lost}


def in_words(judgement) -> str:
    """Say in a sentence what came of it, and why."""
    outcome = judgement["outcome"]
    if outcome == WINS:
        return _(
            "The challenger wins: it answers more images right, and no protected class is lost."
        )
    if outcome == LOSES_CLASS:
        return _("It is better overall, but loses: %s.") % ", ".join(judgement["lost"])
    if outcome == UNJUDGED:
        return _("The two were not measured on the same images.")
    if judgement["difference"] > 0:
        return _("It answers more images right, but not so many that it could not be chance.")
    return _("It does not answer more images right than the champion.")


def _rows(champion, challenger) -> list[tuple[str, str, str]]:
    """(label, champion's answer, challenger's answer) of each test image both were asked about."""
    tests = [one.test_evaluation for one in (champion, challenger)]
    if None in tests:
        return []
    before = EvaluatedItem.objects.filter(evaluation__model_version=champion)
    before = dict(before.values_list("image", "answer"))
    rows = tests[1].items.order_by("path", "pk").values_list("image", "label", "answer")
    return [(label, before[pk], answer) for pk, label, answer in rows if pk in before]


def _class(name, labels, before, after, engagement) -> dict:
    of_it = labels == name
    was, is_ = before[of_it] == name, after[of_it] == name
    gained, lost = int((is_ & ~was).sum()), int((was & ~is_).sum())
    requirement = engagement.requirement
    least = (requirement.minimum_recalls if requirement else {}).get(name)
    recall = float(was.mean()), float(is_.mean())
    below = least is not None and recall[1] < float(least) <= recall[0]
    return {
        "label": str(name),
        "n": int(of_it.sum()),
        "before": recall[0],
        "after": recall[1],
        "gained": gained,
        "lost": lost,
        "is_lost": lost > gained or below,
    }
