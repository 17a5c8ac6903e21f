"""What the data pages show, gathered from rows."""

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Capability, may
from engagements import pages
from lepton.lib import charts
from lepton.lib.paging import rows_and_pager
from training.data_forms import FreezeForm, UploadForm
from training.data_gallery import odd_rows, split_label
from training.datasets import health, versions
from training.models import DatasetVersion, Import, ImportRow, Split

EXPORTS = {
    "zip": gettext_lazy("Images (zip of class folders)"),
    "csv": gettext_lazy("Manifest (CSV)"),
    "jsonl": gettext_lazy("Manifest (JSON Lines)"),
    "coco": "COCO (JSON)",
    "label-studio": "Label Studio (JSON)",
}
ROWS, IMPORTS, VERSIONS = 50, 8, 8


def data_frame(engagement, *crumbs) -> dict:
    """The frame of a page below Data."""
    return pages.frame(engagement, (_("Data"), _data_url(engagement, None)), *crumbs)


def dataset_of(engagement, pk):
    """The dataset asked for, else the engagement's first; None while there is none."""
    datasets = engagement.datasets.oldest_first()
    if not pk:
        return datasets.first()
    try:
        return get_object_or_404(datasets, pk=pk)
    except ValidationError:
        raise Http404 from None


def import_of(engagement, pk):
    rows = Import.objects.select_related("dataset__engagement", "tenant")
    return get_object_or_404(rows, pk=pk, dataset__engagement=engagement)


def version_of(engagement, pk):
    rows = DatasetVersion.objects.select_related("dataset__engagement", "tenant")
    return get_object_or_404(rows, pk=pk, dataset__engagement=engagement)


def data_page(engagement, dataset_pk) -> dict:
    """Everything on the data page."""
    dataset = dataset_of(engagement, dataset_pk)
    odd = health.look(dataset) if dataset else None
    return {
        **pages.frame(engagement, _("Data")),
        **overview(dataset),
        "odd_rows": odd_rows(odd) if odd and odd["images"] else [],
        "datasets": engagement.datasets.oldest_first(),
        "upload": UploadForm(initial={"dataset": dataset and dataset.pk}),
        "freeze": FreezeForm(),
        "here": _data_url(engagement, dataset),
    }


def _data_url(engagement, dataset) -> str:
    url = reverse("training:data", args=[engagement.tenant.slug, engagement.pk])
    return f"{url}?dataset={dataset.pk}" if dataset else url


def overview(dataset) -> dict:
    """The facts, imports and versions of a dataset (None: of nothing)."""
    if dataset is None:
        return {"dataset": None, "imports": [], "versions": [], "facts": None, "unlabelled": 0}
    return {
        "dataset": dataset,
        "imports": dataset.imports.newest_first()[:IMPORTS],
        "versions": dataset.versions.for_lists()[:VERSIONS],
        "facts": facts(dataset.items.included()),
        "unlabelled": dataset.items.unlabelled().count(),
    }


def panel(dataset) -> dict:
    """The overview, with the newest version's splits: the working set itself has none."""
    shown = overview(dataset)
    newest = next(iter(shown["versions"]), None)
    return shown | {
        "newest": newest,
        "parts": [split.label for split in Split] if newest else [],
        "bars": charts.bars(_by_class(newest)) if newest else [],
    }


def _by_class(version) -> dict:
    """Images of each class in the order of the splits."""
    return {
        label: [version.counts[split][label] for split in Split.values] for label in version.classes
    }


def facts(labelled) -> dict | None:
    """Counts by class and split, imbalance and sizes of labelled images; None where none are."""
    counts = labelled.counts()
    if not counts:
        return None
    totals = {label: sum(by_split.values()) for label, by_split in counts.items()}
    found = {split for by_split in counts.values() for split in by_split}
    used = [*(Split.values if found - {""} else []), *([""] if "" in found else [])]
    return {
        "images": sum(totals.values()),
        "classes": len(totals),
        "imbalance": max(totals.values()) / min(totals.values()),
        "largest": max(totals, key=totals.get),
        "smallest": min(totals, key=totals.get),
        "bars": charts.bars({k: [c.get(name, 0) for name in used] for k, c in counts.items()}),
        "parts": [split_label(name) for name in used],
        "sizes": labelled.sizes(),
    }


def import_context(request, import_) -> dict:
    """One import with its rows, narrowed to an outcome where the address names one."""
    counts = import_.rows.counts()
    outcome = request.GET.get("outcome") or _first_outcome(import_, counts)
    rows = import_.rows.came_out(outcome)
    rows, pager = rows_and_pager(request, rows, ordering="position", size=ROWS)
    return {
        "import_": import_,
        "counts": counts,
        "tabs": _outcome_tabs(request.path, counts, outcome),
        "rows": rows,
        "pager": pager,
        "progress": progress(import_, may(request.role, Capability.DATA)),
        "here": request.get_full_path(),
    }


def progress(import_, may_cancel) -> dict | None:
    """What the progress component shows; None once the import has ended."""
    if import_.has_ended:
        return None
    cancel = {
        "cancel_url": _url("import_cancel", import_),
        "cancel_confirm": _("Cancel this import? What it has accepted so far stays."),
    }
    is_ending = import_.cancel_requested_at is not None
    return {
        "label": _("Cancelling…") if is_ending else import_.get_state_display(),
        "done": import_.files_done,
        "total": import_.files_total,
        "unit": _("files"),
        "eta_seconds": import_.eta_seconds,
        **(cancel if may_cancel and not is_ending else {}),
    }


def _url(name, import_):
    slug, engagement = import_.tenant.slug, import_.dataset.engagement_id
    return reverse(f"training:{name}", args=[slug, engagement, import_.pk])


def _first_outcome(import_, counts) -> str:
    """What is shown unasked: the files somebody should look at, once all have been seen."""
    is_clean = not any(counts.get(outcome) for outcome in ImportRow.NEEDS_A_LOOK)
    return "all" if is_clean or not import_.has_ended else "look"


def _outcome_tabs(path, counts, chosen):
    look = sum(counts.get(outcome, 0) for outcome in ImportRow.NEEDS_A_LOOK)
    tabs = [("look", _("Needs a look"), look), ("all", _("All files"), sum(counts.values()))]
    tabs += [(o.value, o.label, counts.get(o.value)) for o in ImportRow.Outcome]
    return [
        {
            "label": label,
            "url": f"{path}?outcome={name}",
            "count": n,
            "current": name == chosen,
        }
        for name, label, n in tabs
        if n or name == chosen
    ]


def version_context(version) -> dict:
    """One version: counts by class and split, and what changed since the one before."""
    before = version.dataset.versions.filter(number__lt=version.number).newest_first().first()
    by_class = _by_class(version)
    return {
        "version": version,
        "before": before,
        "diff": versions.diff(before, version) if before else None,
        "by_class": by_class.items(),
        "totals": [version.images_in(split) for split in Split.values],
        "splits": [split.label for split in Split],
        "bars": charts.bars(by_class),
        "exports": EXPORTS.items(),
        "sizes": version.items.sizes(),
    }
