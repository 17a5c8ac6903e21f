"""Labels for images that came without one: handed out, decided, taken back, by several people.

Whoever is shown an image holds it for some minutes, so two people are shown different ones; a label
is only ever given to an image that has none, so nobody overwrites anybody.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import pages, timeline
from lepton.lib import live
from training.datasets import curate
from training.models import Dataset, LabelEntry

HELD_MINUTES = 5
AHEAD = 4  # the image that is decided, and the next ones for the browser to load
Kind = LabelEntry.Kind


def hand_out(dataset, *, by, after="", skipped=False, first=None) -> list:
    """Hold the next unlabelled images for somebody, in the order of their paths, and return them.

    `after` is the path of the image that was shown last; past the end it begins anew. What they
    skipped comes only with `skipped`; `first` is an image to begin with (one taken back).
    """
    now, me = timezone.now(), _name(by)
    with transaction.atomic():
        free = Q(held_until=None) | Q(held_until__lt=now) | Q(held_by=me)
        waiting = dataset.items.unlabelled().filter(free)
        if not skipped:
            waiting = waiting.exclude(Exists(_skips(by)))
        rows = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)
        rows = rows.select_related("image").order_by("path", "pk")
        found = list(rows.filter(path__gt=after)[:AHEAD])
        if len(found) < AHEAD and after:
            found += list(rows.filter(path__lte=after)[: AHEAD - len(found)])
        if first is not None and not first.label and not first.is_excluded:
            found = [first, *(one for one in found if one.pk != first.pk)][:AHEAD]
        until = now + timedelta(minutes=HELD_MINUTES)
        for one in found:
            one.held_by, one.held_until = me, until
        dataset.items.bulk_update(found, ["held_by", "held_until"])
    return found


def label_item(item, label, *, by) -> LabelEntry:
    """Give an unlabelled image its label; refused where somebody else was quicker."""
    curate.refuse_unknown(item.dataset, label)
    with transaction.atomic():
        changes = {"label": label, "label_checked_at": timezone.now(), **_free()}
        waiting = item.dataset.items.unlabelled().filter(pk=item.pk)
        if not waiting.update(**changes):
            raise ValidationError(_already(item))
        entry = _note(item, Kind.LABEL, by, label=label)
        if not item.dataset.items.unlabelled().exists():
            _tell_done(item.dataset, by)
        live.look_again(item.tenant_id, topic_of(item.dataset))
    return entry


def skip_item(item, *, by) -> LabelEntry:
    """Leave an image to others; whoever skips it is not shown it again unless they ask."""
    with transaction.atomic():
        if not item.dataset.items.unlabelled().filter(pk=item.pk).update(**_free()):
            raise ValidationError(_already(item))
        return _note(item, Kind.SKIP, by)


def undo(dataset, *, by):
    """Take back one's own newest label or skip and return its image."""
    with transaction.atomic():
        Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)  # one undo at a time
        newest = _standing(dataset, by).newest_first().first()
        if newest is None:
            raise ValidationError(_("There is nothing of yours to take back."))
        item = newest.item
        if newest.kind == Kind.LABEL:
            still_so = dataset.items.filter(pk=item.pk, label=newest.label)
            if not still_so.update(label="", label_checked_at=None):
                words = _("“%(path)s” was relabelled since, so it stays as it is.")
                raise ValidationError(words % {"path": item.path})
            item.label = ""
        _note(item, Kind.UNDO, by, label=newest.label, undoes=newest)
        live.look_again(dataset.tenant_id, topic_of(dataset))
    return item


def progress(dataset, *, by) -> dict:
    """How many images are labelled here and how many wait; what this person did of it."""
    given = LabelEntry.objects.filter(item__dataset=dataset).standing().filter(kind=Kind.LABEL)
    waiting, labelled = dataset.items.unlabelled().count(), given.count()
    return {
        "waiting": waiting,
        "labelled": labelled,
        "total": waiting + labelled,
        "mine": given.by(by).count(),
        "skipped": dataset.items.unlabelled().filter(Exists(_skips(by))).count(),
        "can_undo": _standing(dataset, by).exists(),
    }


def history(dataset):
    """Who decided what, newest first."""
    return LabelEntry.objects.filter(item__dataset=dataset).select_related("item").newest_first()


def topic_of(dataset) -> str:
    """What pages that show the progress of labelling listen to."""
    return f"labelling:{dataset.pk}"


def _standing(dataset, by):
    """What somebody decided that is still so: labels, and skips of what has no label yet."""
    still_so = LabelEntry.objects.filter(item__dataset=dataset, label=F("item__label"))
    return still_so.by(by).standing().select_related("item")


def _skips(by):
    return LabelEntry.objects.by(by).standing().filter(kind=Kind.SKIP, item=OuterRef("pk"))


def _name(by) -> str:
    """Who holds an image: a person by id, as two may have one name, or an API key."""
    return str(getattr(by, "pk", "") or by.actor_label)


def _free() -> dict:
    return {"held_by": "", "held_until": None}


def _already(item) -> str:
    entry = item.label_entries.standing().filter(kind=Kind.LABEL).newest_first().first()
    if entry is None:
        return _("This image no longer waits for a label.")
    words = _("%(person)s has labelled this image “%(label)s” meanwhile.")
    return words % {"person": entry.created_by_label, "label": entry.label}


def _note(item, kind, by, **facts) -> LabelEntry:
    return LabelEntry.objects.create(item=item, kind=kind, **facts, **author(by))


def _tell_done(dataset, by):
    url = pages.url("training:data", dataset.engagement)
    n = LabelEntry.objects.filter(item__dataset=dataset).standing().filter(kind=Kind.LABEL).count()
    timeline.record(dataset.engagement, "data.labelled", by=by, url=url, n=n)
    audit.record("data.labelled", dataset, by=by, n=n)
    live.look_again(dataset.tenant_id, dataset.engagement.topic)
