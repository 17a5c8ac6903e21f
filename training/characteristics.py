"""What is measured of an engagement's data: its newest dataset version and its imports."""

from django.db.models import Count, F, Func, Value
from django.db.models.functions import Lower

from engagements.characteristics import Measured
from training.models import DatasetVersion, ImportRow
from training.models.dataset import Split


def of_newest_version(engagement) -> Measured | None:
    """Measure the newest dataset version, or return None before the first is frozen."""
    versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
    version = versions.select_related("dataset", "tenant").order_by("-created_at").first()
    if version is None:
        return None
    return Measured(
        label=str(version),
        url=version.get_absolute_url(),
        counts=_by_class(version),
        splits={split: version.images_in(split) for split in Split.values},
        sizes=_sizes(version),
        file_types=_file_types(version),
        outcomes=ImportRow.objects.filter(parent__dataset=version.dataset).counts(),
    )


def _by_class(version) -> dict[str, int]:
    names = sorted({name for counts in version.counts.values() for name in counts})
    return {name: sum(counts.get(name, 0) for counts in version.counts.values()) for name in names}


def _sizes(version) -> dict[str, tuple[int, int, int]]:
    found = version.items.sizes()
    parts = ("least", "middle", "greatest")
    names = [name for name in ("width", "height", "size_bytes") if found[f"{name}_least"]]
    return {name: tuple(found[f"{name}_{part}"] for part in parts) for name in names}


def _file_types(version) -> dict[str, int]:
    ending = Func(F("path"), Value(r"\.([^./]+)$"), function="substring")
    rows = version.items.annotate(ending=Lower(ending)).values_list("ending")
    return {ending or "": n for ending, n in rows.annotate(n=Count("pk")).order_by("-n", "ending")}
