"""Model selection: the catalogue as it is on this host, a recommendation, and the choice."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import pages, timeline
from training import measuring
from training.engine import backbones
from training.models import DatasetVersion, ModelSelection, Run
from training.runs import services
from training.task_types import params as task_params

ENOUGH_PER_CLASS = 50  # below, fine-tuning was worse than the probe
# The one to begin with comes first, then the others from the most accurate to the quickest.
ORDER = {
    "cpu": ["resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small"],
    "gpu": ["resnet50", "resnet18", "mobilenet_v2", "mobilenet_v3_small"],
}
DECODE_MS = 3  # measured: a 640 x 480 JPEG to the network's input
BUSY = 0.5  # share of a day's time that one core may be taken by the stated volume
DAY_MS = 86_400_000


def listed() -> list[dict]:
    """Return each backbone of the catalogue with what was measured of it here, if anything."""
    known = measuring.newest()
    return [
        {
            "backbone": one,
            "measurement": known.get(one.name),
            "latency_ms": known[one.name].latency_p95_ms if one.name in known else one.cpu_ms,
            "available": available(one),
        }
        for one in backbones.CATALOGUE.values()
    ]


def available(one) -> bool:
    """Whether a network's pretrained weights are here or are fetched when a run needs them."""
    here = backbones.weights_available(one.name, settings.LEPTON_WEIGHTS_DIR)
    return one.pretrained and (settings.LEPTON_DOWNLOAD_WEIGHTS or here)


def recommend(engagement) -> dict:
    """Return {backbone, method, reasons, measured}: what to begin with, and why, in words."""
    rows, gpu = {row["backbone"].name: row for row in listed()}, measuring.has_gpu()
    usable = [name for name in ORDER["gpu" if gpu else "cpu"] if rows[name]["available"]]
    per_class, limit_ms = _per_class(engagement), _limit_ms(engagement)
    name, reasons = _network(usable, rows, limit_ms)
    method, why = _method(usable, per_class, gpu)
    return {
        "backbone": name,
        "title": backbones.get(name).title,
        "method": method,
        "method_title": str(Run.Method(method).label),
        "reasons": [why, *reasons, *_next(name, usable, rows, limit_ms, gpu)],
        "measured": rows[name]["measurement"] is not None,
    }


def choose(engagement, *, backbone, method, reason, by):
    """Choose a network and a method for the present iteration; earlier choices stay listed."""
    services.check_backbone(method, backbone)
    selection = ModelSelection(
        engagement=engagement,
        iteration=engagement.iteration,
        backbone=backbone,
        method=method,
        reason=reason.strip(),
        recommended=recommend(engagement),
        **author(by),
    )
    if not selection.reason:
        raise ValidationError({"reason": _("Say why.")})
    selection.full_clean(exclude=["tenant", "engagement", "created_by", "recommended"])
    words = {"backbone": backbones.get(backbone).title, "method": task_params.TITLES[method]}
    with transaction.atomic():
        selection.save(force_insert=True)
        url = pages.url("training:selection", engagement)
        timeline.record(engagement, "selection.made", by=by, url=url, **words)
        audit.record("selection.made", selection, by=by, **words)
    return selection


def _per_class(engagement) -> float | None:
    """Training images a class in the newest dataset version, else as stated; None if unknown."""
    versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
    newest, requirement = versions.order_by("-created_at").first(), engagement.requirement
    if newest is not None:
        return newest.images_in("train") / max(1, len(newest.classes))
    if requirement is not None and requirement.stated_images and requirement.classes:
        return requirement.stated_images / len(requirement.classes)
    return None


def _limit_ms(engagement) -> dict[str, float]:
    """What the requirement leaves the network of a core's time for one image, by its reason."""
    requirement, limits = engagement.requirement, {}
    if requirement is not None and requirement.p95_latency_ms:
        limits["latency"] = requirement.p95_latency_ms - DECODE_MS
    if requirement is not None and requirement.volume_per_day:
        limits["volume"] = DAY_MS * BUSY / requirement.volume_per_day - DECODE_MS
    return limits


def _network(usable, rows, limits) -> tuple[str, list[str]]:
    """The first network that fits the limits, else the quickest, with the reasons."""
    if not usable:
        text = _("No pretrained weights were found, so a small network is trained from scratch.")
        return "lepton_small", [text, *_pace("lepton_small", rows, limits)]
    most = min(limits.values(), default=float("inf"))
    fitting = [name for name in usable if rows[name]["latency_ms"] <= most]
    if fitting:
        return fitting[0], _pace(fitting[0], rows, limits)
    quickest = min(usable, key=lambda name: rows[name]["latency_ms"])
    return quickest, [_("None fits; this one is the quickest."), *_pace(quickest, rows, limits)]


def _pace(name, rows, limits) -> list[str]:
    """How long the network takes here, beside what is left for it."""
    row = rows[name]
    words = {"title": row["backbone"].title, "ms": _ms(row["latency_ms"])}
    if row["measurement"]:
        text = _("%(title)s takes %(ms)s ms an image on a core of this host (95th percentile).")
    else:
        text = _("%(title)s takes about %(ms)s ms by the catalogue; it is not measured here yet.")
    left = {
        "latency": _("The latency target leaves the network %s ms an image."),
        "volume": _("The volume a day leaves it %s ms if one core is busy half of the day."),
    }
    return [text % words, *(left[kind] % _ms(most) for kind, most in limits.items())]


def _method(usable, per_class, gpu) -> tuple[str, str]:
    """Probe or fine-tune, by what was found to be better."""
    if not usable:
        return Run.Method.FINE_TUNE.value, _("A linear probe needs pretrained weights.")
    probe = Run.Method.LINEAR_PROBE.value
    if per_class is None:
        return probe, _("There is no data yet; a linear probe gives the first answer.")
    words = {"n": number_format(per_class, 0), "least": ENOUGH_PER_CLASS}
    if per_class < ENOUGH_PER_CLASS:
        text = _("With %(n)s training images a class (under %(least)s) a linear probe is better.")
        return probe, text % words
    if not gpu:
        text = _("With %(n)s training images a class, but no GPU, a linear probe answers first.")
        return probe, text % words
    text = _("With a GPU and %(n)s training images a class, fine-tuning the network is worth it.")
    return Run.Method.FINE_TUNE.value, text % words


def _next(name, usable, rows, limits, gpu) -> list[str]:
    """What to try second, where it fits as well."""
    fits = rows["resnet50"]["latency_ms"] <= min(limits.values(), default=float("inf"))
    if gpu or name == "resnet50" or "resnet50" not in usable or not fits:
        return []
    return [_("ResNet-50, the reference, fits too: try it second, in the background.")]


def _ms(value) -> str:
    return number_format(value, 1 if abs(value) < 10 else 0)
