"""What is odd about a working set, as queries: outliers by look, alike images, doubted labels."""

from django.db.models import Aggregate, Exists, F, FloatField, OuterRef, Q, Subquery
from django.db.models.functions import Ln

from training.datasets import duplicates
from training.models import LabelSuspect, NearDuplicate, Run

ODD = ("suspects", "alike", "dark", "bright", "blurred", "unlabelled", "excluded")
FAR = 3  # interquartile ranges outside the quartiles (Tukey's outer fences)


class Quartile(Aggregate):
    """A quantile of a continuous value."""

    function = "percentile_cont"
    template = "%(function)s(%(at)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def look(dataset) -> dict:
    """Return how many images are odd in which way, and what that is measured by."""
    items = dataset.items
    beyond = fences(dataset)
    counts = {name: showing(dataset, name, beyond).count() for name in ODD}
    pairs = duplicates.of(dataset)
    apart = ~Q(first__split=F("second__split")) & ~Q(first__split="") & ~Q(second__split="")
    run = doubting_run(dataset)
    return {
        "images": items.included().count(),
        "odd": counts,
        "alike_pairs": pairs.count(),
        "alike_with_other_labels": pairs.exclude(first__label=F("second__label")).count(),
        "alike_in_other_splits": pairs.filter(apart).count(),
        "unmeasured": items.included().filter(image__brightness=None).count(),
        "fences": beyond,
        "doubting_run": run and run.number,
    }


def fences(dataset) -> dict:
    """Return {dark, bright, blurred}: beyond which brightness or log sharpness an image is odd.

    None where too little was measured.
    """
    log = Ln(F("image__sharpness") + 1e-8)
    found = dataset.items.included().aggregate(
        **{
            f"{name}_{end}": Quartile(value, at=at)
            for name, value in (("light", F("image__brightness")), ("sharp", log))
            for end, at in (("low", 0.25), ("high", 0.75))
        }
    )
    if found["light_low"] is None:
        return {"dark": None, "bright": None, "blurred": None}
    light, sharp = (found[f"{n}_high"] - found[f"{n}_low"] for n in ("light", "sharp"))
    return {
        "dark": found["light_low"] - FAR * light,
        "bright": found["light_high"] + FAR * light,
        "blurred": found["sharp_low"] - FAR * sharp,
    }


def showing(dataset, what="", beyond=None):
    """Return the images of the working set that are odd in one way, or all that take part.

    `beyond` are its fences, where they are known already.
    """
    included = dataset.items.included()
    if what == "excluded":
        return dataset.items.filter(is_excluded=True)
    if what == "unlabelled":
        return dataset.items.unlabelled()
    if what == "suspects":
        return _suspects(dataset, included)
    if what == "alike":
        return included.filter(
            Exists(_pairs("first", "second")) | Exists(_pairs("second", "first"))
        )
    if what in ("dark", "bright", "blurred"):
        return included.filter(_beyond(what, (beyond or fences(dataset))[what]))
    return included


def doubting_run(dataset):
    """The newest run whose cross-validation had a say on this dataset's labels, or None."""
    runs = Run.objects.filter(dataset_version__dataset=dataset, state=Run.State.SUCCEEDED)
    return runs.filter(method=Run.Method.LINEAR_PROBE).order_by("-number").first()


def _suspects(dataset, included):
    """Doubted labels that nobody has looked at since, the surest doubts first to sort by."""
    doubts = LabelSuspect.objects.filter(
        run=doubting_run(dataset), image=OuterRef("image"), label=OuterRef("label")
    )
    found = included.filter(Exists(doubts), label_checked_at=None)
    first = {name: Subquery(doubts.values(name)[:1]) for name in ("margin", "suggested")}
    return found.annotate(**first)


def _pairs(mine, other):
    return NearDuplicate.objects.filter(**{mine: OuterRef("pk"), f"{other}__is_excluded": False})


def _beyond(what, fence) -> Q:
    if fence is None:
        return Q(pk=None)
    if what == "blurred":
        return Q(image__sharpness__lt=2.718281828459045**fence - 1e-8)
    return Q(**{f"image__brightness__{'lt' if what == 'dark' else 'gt'}": fence})
