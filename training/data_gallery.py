"""Thumbnails of labelled images, and what is odd among those of a working set."""

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.roles import Capability, may
from lepton.lib.paging import rows_and_pager
from lepton.templatetags.ui import percent
from training.datasets import health, similar
from training.models import Split

THUMBS = 24
SHOWS = {
    "suspects": gettext_lazy("Doubted labels"),
    "alike": gettext_lazy("Images that are alike"),
    "dark": gettext_lazy("Much darker than the rest"),
    "bright": gettext_lazy("Much brighter than the rest"),
    "blurred": gettext_lazy("Much less sharp than the rest"),
    "unlabelled": gettext_lazy("Without a label"),
    "excluded": gettext_lazy("Excluded"),
}


def of(request, labelled, *, ordering="path", note=lambda row: "", like=None) -> dict:
    """A page of thumbnails, narrowed as the address says; `note(row)` is a word under each.

    With `like`, an item, those that are most like it come first, and nothing after them.
    """
    asked = request.GET if request.method == "GET" else request.POST
    wanted = {"label": asked.get("label", ""), "split": asked.get("split", "")}
    found = labelled.narrowed(**wanted).select_related("image")
    how = ""
    if like is None:
        rows, pager = rows_and_pager(request, found, ordering=ordering, size=THUMBS)
    else:
        rows, pager, how, note = _alike_first(request, found, like, asked)
    thumbs = [{"row": row, "url": row.image.url, "note": note(row)} for row in rows]
    counts = labelled.counts()
    splits = {split for by_split in counts.values() for split in by_split}
    return {
        "thumbs": thumbs,
        "pager": pager,
        "wanted": wanted,
        "labels": list(counts),
        "splits": [(name, split_label(name)) for name in Split.values if name in splits],
        "gallery_url": request.path,
        "like": like,
        "like_how": how,
    }


def _alike_first(request, found, like, asked) -> tuple:
    """A page of what is like an item: rows, pager, how that was found, and a word for each row."""
    ranked = similar.to(like, found)
    text = asked.get("at", "")
    at = int(text) if text.isdecimal() and len(text) < 6 else 0
    shown = dict(ranked.pairs[at : at + THUMBS])
    rows = found.filter(pk__in=shown).in_bulk()
    newer = _address(request, max(0, at - THUMBS)) if at else None
    older = _address(request, at + THUMBS) if at + THUMBS < len(ranked.pairs) else None
    in_order = [rows[pk] for pk in shown if pk in rows]
    pager = {"newer_url": newer, "older_url": older}
    return in_order, pager, ranked.how, lambda row: percent(max(0.0, shown[row.pk]), 0)


def _address(request, at) -> str:
    asked = request.GET.copy()
    asked["at"] = at
    return f"{request.path}?{asked.urlencode()}"


def _like(dataset, asked):
    """The item whose likes are asked for, or None."""
    try:
        return dataset.items.select_related("image").filter(pk=asked.get("like") or None).first()
    except ValidationError:
        return None


def of_working_set(request, dataset) -> dict:
    """The same of a working set: what is odd can be asked for, and images changed."""
    asked = request.GET if request.method == "GET" else request.POST
    show = asked.get("show", "") if asked.get("show", "") in SHOWS else ""
    labelled = health.showing(dataset, show)
    is_doubt = show == "suspects"
    like = _like(dataset, asked)
    found = of(
        request,
        labelled,
        ordering=("margin", "path") if is_doubt else "path",
        note=_doubt if is_doubt else (lambda row: ""),
        like=like,
    )
    where = [request.tenant.slug, dataset.engagement_id, dataset.pk]
    requirement = dataset.engagement.requirement
    may_change = may(request.role, Capability.DATA)
    return found | {
        "wanted": found["wanted"] | {"show": show},
        "shows": SHOWS.items(),
        "may_like": True,
        "gallery_url": reverse("training:data_gallery", args=where),
        "change_url": reverse("training:change_items", args=where) if may_change else "",
        "all_labels": requirement.classes if requirement else found["labels"],
        "all_splits": Split.choices,
    }


def _doubt(row) -> str:
    return _("rather “%(label)s”") % {"label": row.suggested}


def odd_rows(odd) -> list[dict]:
    """What is odd about a working set, a row each."""
    doubted = _("Run %s doubts these labels; look before you change any.") % odd["doubting_run"]
    unknown = _("A linear probe that is right for 85 % of the images can tell.")
    alike = ngettext(
        "%(pairs)s pair; %(labels)s with different labels, %(splits)s in different splits.",
        "%(pairs)s pairs; %(labels)s with different labels, %(splits)s in different splits.",
        odd["alike_pairs"],
    )
    alike %= {
        "pairs": odd["alike_pairs"],
        "labels": odd["alike_with_other_labels"],
        "splits": odd["alike_in_other_splits"],
    }
    notes = {
        "suspects": doubted if odd["odd"]["suspects"] else unknown,
        "alike": alike if odd["alike_pairs"] else "",
    }
    if odd["unmeasured"]:
        words = _("%s images came in before this was measured.") % odd["unmeasured"]
        notes |= dict.fromkeys(("dark", "bright", "blurred"), words)
    return [
        {"name": name, "label": label, "n": odd["odd"][name], "note": notes.get(name, "")}
        for name, label in SHOWS.items()
        if name not in ("excluded", "unlabelled") or odd["odd"][name]
    ]


def split_label(name) -> str:
    return str(Split(name).label) if name else _("No split yet")
