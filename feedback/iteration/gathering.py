"""From accepted answers to the next dataset version and its run: one transaction, all or nothing.

The holdout stays: new images train. An answer about an image of the holdout corrects its label
there, which makes a new holdout; the image never moves to train.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from engagements import timeline
from feedback.iteration import pictures, policies, triggers
from feedback.iteration.models import DataIteration, IterationPolicy
from feedback.receipts.models import Receipt
from training.datasets import duplicates, versions
from training.engine import backbones
from training.models import Dataset, Image, Item, Run, Split, VersionItem
from training.runs import services as runs

REASONS = {
    "alike": _("It shows the same as an image of the holdout, so it must not be learned from."),
    "conflict": _("The same picture was held to be different things: decide on one."),
    "excluded": _("Somebody excluded this image from the data."),
    "erased": _("The image was erased at somebody's request."),
    "new_class": _("The data has no such class yet: import images of it first."),
    "not_kept": _("The input was not kept."),
    "unreadable": _("The input cannot be decoded as an image."),
}
Fate = Receipt.Fate


@dataclass
class Gathered:
    """What becomes of each receipt, and what changes in the working set."""

    fates: dict[str, list] = field(default_factory=lambda: defaultdict(list))
    new: list[Item] = field(default_factory=list)
    relabelled: list[Item] = field(default_factory=list)
    pairs: list[tuple] = field(
        default_factory=list
    )  # that are alike, as datasets.duplicates has them

    def note(self, receipts, fate, image=None, reason=""):
        for one in receipts:
            one.fate, one.image, one.reason = fate, image, reason
            self.fates[fate].append(one)


def gather(claim) -> None:
    """Take up what is accepted, freeze the next version and queue its run."""
    with claim.scope(DataIteration.State.GATHERING) as iteration:
        engagement = iteration.engagement
    found = pictures.bring(engagement)
    with claim.scope(DataIteration.State.GATHERING) as iteration:
        dataset = Dataset.objects.select_for_update(no_key=True).get(pk=iteration.base.dataset_id)
        iteration.base = dataset.versions.newest_first().first()  # one may have been frozen since
        gathered = _sort(iteration, dataset, found)
        if gathered.new or gathered.relabelled:
            _go_on(iteration, dataset, gathered)
        else:
            _end(iteration, gathered)


def _sort(iteration, dataset, found) -> Gathered:
    """Decide on each image once, whatever number of predictions were made on it."""
    gathered, by_image = Gathered(), defaultdict(list)
    images = _in_database(found)
    rows = triggers.waiting(iteration.engagement).select_for_update(of=("self",))
    for receipt in rows.select_related("prediction").order_by("pk"):
        sha256 = receipt.prediction.input_sha256
        if sha256 in images:
            by_image[images[sha256]].append(receipt)
        elif sha256 in found:
            gathered.note([receipt], Fate.LEFT_OUT, reason=found[sha256].reason)
    items = {i.image_id: i for i in dataset.items.filter(image__in=by_image)}
    base = dict(VersionItem.objects.filter(version=iteration.base).values_list("image", "split"))
    fresh = {}
    for image, receipts in by_image.items():
        labels = {one.label for one in receipts}
        label, item = receipts[-1].label, items.get(image.pk)
        if image.erased_at:
            gathered.note(receipts, Fate.LEFT_OUT, image, "erased")
        elif len(labels) > 1:
            gathered.note(receipts, Fate.LEFT_OUT, image, "conflict")
        elif label not in iteration.base.classes:
            gathered.note(receipts, Fate.LEFT_OUT, image, "new_class")
        elif item is None:
            fresh[image] = receipts
        else:
            _meet(gathered, item, image, receipts, base)
    _add(gathered, dataset, fresh, base)
    return gathered


def _in_database(found) -> dict[str, Image]:
    """The image row of each input by the sha256 it was sent with; the new ones are written."""
    new = {p.image.sha256: p.image for p in found.values() if p.image and p.image._state.adding}
    Image.objects.bulk_create(new.values(), ignore_conflicts=True)
    stored = {image.sha256: image for image in Image.objects.filter(sha256__in=new)}
    return {
        sha256: stored.get(picture.image.sha256, picture.image)
        for sha256, picture in found.items()
        if picture.image
    }


def _meet(gathered, item, image, receipts, base):
    """The image is in the working set already."""
    label = receipts[-1].label
    if item.is_excluded:
        gathered.note(receipts, Fate.LEFT_OUT, image, "excluded")
    elif item.label == label:
        gathered.note(receipts, Fate.THERE, image)
    else:
        item.label, item.label_checked_at = label, timezone.now()
        gathered.relabelled.append(item)
        held_out = base.get(image.pk) == Split.TEST
        gathered.note(receipts, Fate.HOLDOUT if held_out else Fate.RELABELLED, image)


def _add(gathered, dataset, fresh, base):
    """New images train, beside those they are alike to; none that is alike to the holdout."""
    prints = {image: image.thumbprint for image in fresh if image.thumbprint}
    pairs = duplicates.alike_to_dataset(dataset.pk, prints)
    split_of = dict(dataset.items.included().values_list("pk", "image"))
    beside = defaultdict(set)
    for first, second, _pair in pairs:
        for image, other in ((first, second), (second, first)):
            if image in fresh and other in split_of:
                beside[image].add(base.get(split_of[other], Split.TRAIN))
    for image, receipts in fresh.items():
        if Split.TEST in beside[image]:
            gathered.note(receipts, Fate.LEFT_OUT, image, "alike")
            continue
        split = Split.VALID if Split.VALID in beside[image] else Split.TRAIN
        gathered.new.append(_item(dataset, image, receipts[-1], split))
        gathered.note(receipts, Fate.ADDED, image)
    made = {item.image: item.pk for item in gathered.new}
    gathered.pairs = [
        (made.get(a, a), made.get(b, b), pair)
        for a, b, pair in pairs
        if all(one in made or one in split_of for one in (a, b))
    ]


def _item(dataset, image, receipt, split) -> Item:
    """The path says where an image came from: it stays in every manifest."""
    ending = image.storage_key.rsplit(".", 1)[-1]
    path = f"feedback/{receipt.label}/{receipt.prediction_id}.{ending}"
    facts = {"path": path, "label": receipt.label, "split": split}
    return Item(dataset=dataset, image=image, label_checked_at=timezone.now(), **facts)


def _go_on(iteration, dataset, gathered):
    Item.objects.bulk_create(gathered.new)
    Item.objects.bulk_update(gathered.relabelled, ["label", "label_checked_at"])
    duplicates.keep(dataset.pk, gathered.pairs)
    base = iteration.base
    version = versions.freeze_version(
        dataset,
        by=None,
        seed=base.seed,
        keeps=base,
        duplicates_waiver=base.duplicates_waiver,
        leave_out_unlabelled=True,
    )
    _keep_fates(iteration, gathered, version)
    iteration.version, iteration.run = version, _start_run(iteration, version)
    iteration.state, iteration.due_at = DataIteration.State.TRAINING, None
    iteration.failures = 0
    iteration.save()
    counts = Counter({fate: len(rows) for fate, rows in gathered.fates.items()})
    words = {
        "number": iteration.number,
        "version": version.number,
        "added": len(gathered.new),
        "relabelled": len(gathered.relabelled),
    }
    url = iteration.get_absolute_url()
    timeline.record(iteration.engagement, "data_iteration.gathered", by=None, url=url, **words)
    audit.record("data_iteration.gathered", iteration, by=None, **words, fates=dict(counts))


def _end(iteration, gathered):
    """Everything was in the data already, or had to be left out."""
    _keep_fates(iteration, gathered, iteration.base)
    iteration.state, iteration.due_at = DataIteration.State.NOTHING, None
    iteration.ended_at = timezone.now()
    iteration.save()
    words = {"number": iteration.number}
    url = iteration.get_absolute_url()
    timeline.record(iteration.engagement, "data_iteration.nothing", by=None, url=url, **words)
    audit.record("data_iteration.nothing", iteration, by=None, **words)


def _keep_fates(iteration, gathered, version):
    rows = [one for receipts in gathered.fates.values() for one in receipts]
    for one in rows:
        one.iteration = iteration
        one.version = None if one.fate == Fate.LEFT_OUT else version
    fields = ["fate", "image", "reason", "iteration", "version"]
    Receipt.objects.bulk_update(rows, fields, batch_size=1000)


def _start_run(iteration, version) -> Run:
    method, backbone, params = recipe(iteration)
    made = {"dataset_version": version, "method": method, "backbone": backbone, "params": params}
    return runs.start_run(iteration.engagement, **made, by=None)


def recipe(iteration) -> tuple[str, str, dict]:
    """Return (method, network, settings) of the challenger: a probe where one can be made."""
    run, policy = iteration.champion.run, policies.policy_of(iteration.engagement)
    can_probe = backbones.get(run.backbone).pretrained
    is_same = policy.method == IterationPolicy.Method.AS_CHAMPION or not can_probe
    if is_same or run.method == Run.Method.LINEAR_PROBE:
        kept = {name: value for name, value in run.params.items() if name != "backbone"}
        return run.method, run.backbone, kept
    return Run.Method.LINEAR_PROBE.value, run.backbone, {}
