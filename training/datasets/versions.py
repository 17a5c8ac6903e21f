"""Dataset versions: the working set frozen with its splits, and what changed between two."""

from collections import Counter
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import author
from engagements import timeline
from lepton.lib import live
from training.datasets import duplicates, manifest, splitting
from training.models import Dataset, DatasetVersion, Import, Split, VersionItem

GREATEST_SEED = 2**31 - 1
SHOWN = 3  # pairs named in one message
Policy = DatasetVersion.SplitPolicy


class Diff(NamedTuple):
    """How many images differ between two versions."""

    added: int
    removed: int
    relabelled: int
    moved: int
    unchanged: int


def freeze_version(
    dataset,
    *,
    by,
    seed=0,
    split_policy=None,
    duplicates_waiver="",
    leave_out_unlabelled=False,
    keeps=None,
):
    """Freeze the working set as the dataset's next version and return it.

    `split_policy` defaults to GIVEN where any image came with a split, else STRATIFIED by `seed`.
    Images that are alike are dealt to one split; where given splits part them, that is refused
    unless `duplicates_waiver` says why it may be. Images without a label never take part; while
    there are some, `leave_out_unlabelled` must say that this is meant. With `keeps`, an earlier
    version, its images keep the splits they had there and whatever is new trains, so that the
    holdout stays.
    If nothing changed since the newest version, that one is returned.
    """
    if not 0 <= seed <= GREATEST_SEED:
        raise ValidationError({"seed": _("The seed is a number from 0 to 2147483647.")})
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        _refuse_while_importing(dataset)
        _refuse_unlabelled(dataset, leave_out_unlabelled)
        items = list(dataset.items.included().select_related("image"))
        pairs = _pairs(dataset)
        policy = split_policy or (
            Policy.GIVEN if keeps or any(i.split for i in items) else Policy.STRATIFIED
        )
        splits = _kept(items, keeps) if keeps else _splits(items, policy, seed, pairs)
        apart = [pair for pair in pairs if splits[pair[0]] != splits[pair[1]]]
        _refuse_alike_apart(apart, splits, items, duplicates_waiver)
        names = sorted({name for item in items for name in item.meta})
        sha256 = manifest.sha256_of((_manifest_row(i, splits, names) for i in items), names)
        newest = dataset.versions.newest_first().first()
        if newest and newest.manifest_sha256 == sha256:
            return newest
        version = DatasetVersion.objects.create(
            dataset=dataset,
            number=newest.number + 1 if newest else 1,
            classes=sorted({item.label for item in items}),
            split_policy=policy,
            seed=seed,
            counts=_counts(items, splits),
            manifest_sha256=sha256,
            test_sha256=manifest.holdout_sha256_of(_test_rows(items, splits)),
            duplicates_across=len(apart),
            duplicates_waiver=duplicates_waiver.strip() if apart else "",
            meta_names=names,
            **author(by),
        )
        _fill(version, items, splits)
        _note(version, by)
    return version


def diff(before, after) -> Diff:
    """Count what changed from one version to another."""
    old, new = _contents(before), _contents(after)
    both = old.keys() & new.keys()
    relabelled = sum(old[image][0] != new[image][0] for image in both)
    moved = sum(old[image][1] != new[image][1] for image in both)
    unchanged = sum(old[image] == new[image] for image in both)
    return Diff(len(new) - len(both), len(old) - len(both), relabelled, moved, unchanged)


def _refuse_while_importing(dataset):
    if dataset.imports.exclude(state__in=Import.ENDED).exists():
        raise ValidationError(
            _("An import into this dataset is under way: wait until it has ended, or cancel it.")
        )


def _refuse_unlabelled(dataset, leave_out):
    n = dataset.items.unlabelled().count()
    if n and not leave_out:
        words = ngettext(
            "%(n)d image has no label yet: label it, or say that it is left out.",
            "%(n)d images have no label yet: label them, or say that they are left out.",
            n,
        )
        raise ValidationError({"leave_out_unlabelled": words % {"n": n}})


def _pairs(dataset) -> list[tuple[str, str]]:
    """The images that are alike, by their content's hashes."""
    found = duplicates.of(dataset).values_list("first__image__sha256", "second__image__sha256")
    return list(found)


def _splits(items, policy, seed, pairs) -> dict[str, str]:
    rows = [splitting.Row(i.image.sha256, i.label, i.split, i.group) for i in items]
    _refuse_too_little(Counter(row.label for row in rows))
    together = splitting.kept_together(rows, pairs)
    if policy == Policy.STRATIFIED:
        splits = splitting.stratified(together, seed=seed)
    else:
        _refuse_groups_apart(rows)
        splits = splitting.given(together, seed=seed)
    _refuse_poor_splits(rows, splits)
    return splits


def _kept(items, version) -> dict[str, str]:
    """The splits of an earlier version, and train for what is new."""
    before = dict(VersionItem.objects.filter(version=version).values_list("image", "split"))
    new = [item for item in items if item.image_id not in before]
    if meant := sum(item.split == Split.TEST for item in new):
        words = ngettext(
            "%d new image is meant for the test split, which would change the holdout: freeze a"
            " version by hand first.",
            "%d new images are meant for the test split, which would change the holdout: freeze a"
            " version by hand first.",
            meant,
        )
        raise ValidationError(words % meant)
    given = {item.image_id: item.split or Split.TRAIN for item in new} | before
    rows = [splitting.Row(i.image.sha256, i.label, given[i.image_id], i.group) for i in items]
    _refuse_too_little(Counter(row.label for row in rows))
    _refuse_groups_apart(rows)
    splits = {row.key: str(row.split) for row in rows}
    _refuse_poor_splits(rows, splits)
    return splits


def _refuse_too_little(labels):
    if not labels:
        raise ValidationError(_("There are no images yet: upload some first."))
    if len(labels) < 2:
        raise ValidationError(
            _("All images are of the class “%(label)s”: a model needs at least two classes.")
            % {"label": next(iter(labels))}
        )
    if few := [(label, n) for label, n in sorted(labels.items()) if n < 3]:
        raise ValidationError([_too_few(label, n) for label, n in few])


def _too_few(label, n):
    return ngettext(
        "The class “%(label)s” has %(n)d image; it needs at least 3: two to learn from and one to"
        " test with. Upload more of it, or leave it out.",
        "The class “%(label)s” has %(n)d images; it needs at least 3: two to learn from and one to"
        " test with. Upload more of it, or leave it out.",
        n,
    ) % {"label": label, "n": n}


def _refuse_groups_apart(rows):
    if apart := splitting.groups_apart(rows):
        group, splits = min(apart.items())
        words = {"group": group, "splits": ", ".join(sorted(splits)), "count": len(apart)}
        raise ValidationError(
            _(
                "The group “%(group)s” is in several splits (%(splits)s), so the test would not be"
                " independent. Give all its images one split. (Groups concerned: %(count)d.)"
            )
            % words
        )


def _refuse_alike_apart(apart, splits, items, waiver):
    """Alike images in several splits make the test easier than life; somebody may say why not."""
    if not apart or waiver.strip():
        return
    paths = {item.image.sha256: item.path for item in items}
    named = [
        _("“%(a)s” (%(in_a)s) and “%(b)s” (%(in_b)s)")
        % {"a": paths[a], "in_a": splits[a], "b": paths[b], "in_b": splits[b]}
        for a, b in apart[:SHOWN]
    ]
    words = ngettext(
        "%(n)d pair of images shows the same in two splits, so the test would be easier than"
        " life: %(named)s. Move or exclude one of each pair, or say why they may stay.",
        "%(n)d pairs of images show the same in two splits, so the test would be easier than"
        " life: %(named)s. Move or exclude one of each pair, or say why they may stay.",
        len(apart),
    )
    words %= {"n": len(apart), "named": "; ".join(named) + (" …" if len(apart) > SHOWN else "")}
    raise ValidationError({"duplicates_waiver": words})


def _refuse_poor_splits(rows, splits):
    have = Counter((row.label, splits[row.key]) for row in rows)
    poor = [
        _(
            "The class “%(label)s” has %(train)d training and %(test)d test images by these splits"
            " and groups; it needs at least 2 and 1. Upload more of it, or change its splits."
        )
        % {"label": label, "train": have[label, "train"], "test": have[label, "test"]}
        for label in sorted({row.label for row in rows})
        if have[label, "train"] < 2 or have[label, "test"] < 1
    ]
    if poor:
        raise ValidationError(poor)


def _manifest_row(item, splits, names):
    sha256 = item.image.sha256
    meta = (item.meta.get(name, "") for name in names)
    return (sha256, item.path, item.label, splits[sha256], item.group, *meta)


def _test_rows(items, splits):
    images = ((item.image.sha256, item.label) for item in items)
    return [row for row in images if splits[row[0]] == Split.TEST]


def _counts(items, splits) -> dict:
    have = Counter((splits[item.image.sha256], item.label) for item in items)
    classes = sorted({item.label for item in items})
    return {split: {label: have[split, label] for label in classes} for split in Split.values}


def _fill(version, items, splits):
    rows = (
        VersionItem(
            version=version,
            image=item.image,
            path=item.path,
            label=item.label,
            split=splits[item.image.sha256],
            group=item.group,
            meta=item.meta,
        )
        for item in items
    )
    VersionItem.objects.bulk_create(rows, batch_size=2000)


def _note(version, by):
    engagement, url = version.dataset.engagement, version.get_absolute_url()
    facts = {"number": version.number, "images": version.images}
    timeline.record(engagement, "dataset_version.frozen", by=by, url=url, **facts)
    audit.record("dataset_version.frozen", version, by=by, sha256=version.manifest_sha256, **facts)
    live.look_again(version.tenant_id, engagement.topic)


def _contents(version) -> dict:
    rows = VersionItem.objects.filter(version=version.pk)
    return {
        image: (label, split) for image, label, split in rows.values_list("image", "label", "split")
    }
