"""What runs and stored data of an engagement used, for engagements.usage."""

from decimal import Decimal

from django.db.models import Count, Q, Sum

from engagements import usage
from engagements.economics import gb_months
from engagements.usage import Reading
from training.models import Image, Item, VersionItem

SECONDS_AN_HOUR = 3600


def register():
    """Fill the meters of compute and storage."""
    usage.register("cpu_hours", cpu_hours)
    usage.register("gpu_hours", gpu_hours)
    usage.register("storage", images_kept)
    usage.register("storage", models_kept)


def cpu_hours(engagement, span) -> Reading:
    """Processor hours of the runs that started in the span."""
    return _hours(engagement, span, "cpu_seconds")


def gpu_hours(engagement, span) -> Reading:
    """GPU hours of the runs that started in the span."""
    return _hours(engagement, span, "gpu_seconds")


def compute_seconds(engagement, since, until) -> float | None:
    """CPU and GPU seconds of the runs that started in that time, None if none was metered."""
    runs = engagement.runs.filter(started_at__gte=since, started_at__lt=until)
    sums = runs.aggregate(cpu=Sum("cpu_seconds"), gpu=Sum("gpu_seconds"))
    return None if sums["cpu"] is None else sums["cpu"] + (sums["gpu"] or 0)


def images_kept(engagement, span) -> Reading:
    """GB months of the images in its working sets and versions, once per tenant.

    An image that engagements share counts for the oldest of them.
    """
    older = Q(created_at__lt=engagement.created_at)
    others = type(engagement).objects.filter(older).values("pk")
    mine = _used_by([engagement.pk]) & ~_used_by(others)
    images = Image.objects.filter(mine, created_at__lt=span.until)
    rows = images.values_list("size_bytes", "created_at")
    return Reading(gb_months(((size, at, None) for size, at in rows.iterator()), span))


def models_kept(engagement, span) -> Reading:
    """GB months of the files of its model versions."""
    versions = engagement.model_versions.filter(created_at__lt=span.until)
    rows = versions.values_list("size_bytes", "created_at")
    return Reading(gb_months(((size, at, None) for size, at in rows), span))


def _used_by(engagements) -> Q:
    items = Item.objects.filter(dataset__engagement__in=engagements)
    frozen = VersionItem.objects.filter(version__dataset__engagement__in=engagements)
    return Q(pk__in=items.values("image")) | Q(pk__in=frozen.values("image"))


def _hours(engagement, span, field):
    runs = engagement.runs.filter(started_at__gte=span.since, started_at__lt=span.until)
    found = runs.aggregate(sum=Sum(field), runs=Count("pk"), metered=Count(field))
    missing = found["runs"] - found["metered"]
    if found["runs"] and not found["metered"]:
        return Reading(None, missing)
    return Reading(Decimal(found["sum"] or 0) / SECONDS_AN_HOUR, missing)
