"""Requirements in words: each field with its title, and what changed between two versions."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements.models import Requirement
from engagements.signoffs import REQUIREMENT_FIELDS, requirement_data

TITLES = {
    "need": gettext_lazy("What is needed"),
    "business_process": gettext_lazy("Business process"),
    "data_format": gettext_lazy("Data format"),
    "task_type": gettext_lazy("Task type"),
    "classes": gettext_lazy("Classes"),
    "metric": gettext_lazy("Measured by"),
    "target": gettext_lazy("Target"),
    "minimum_recalls": gettext_lazy("Least recall"),
    "false_positive_cents": gettext_lazy("Cost of a false positive"),
    "false_negative_cents": gettext_lazy("Cost of a false negative"),
    "review_cents": gettext_lazy("Cost of a review"),
    "p95_latency_ms": gettext_lazy("95% of answers within"),
    "volume_per_day": gettext_lazy("Volume a day"),
    "sensitivity": gettext_lazy("Sensitivity"),
    "retention_days": gettext_lazy("Retention"),
    "acceptance_owner": gettext_lazy("Acceptance owner"),
    "stated_images": gettext_lazy("Images, as stated"),
    "stated_shares": gettext_lazy("Shares, as stated"),
}
CHOICES = {
    "task_type": Requirement.TaskType,
    "metric": Requirement.Metric,
    "sensitivity": Requirement.Sensitivity,
}


def rows(requirement) -> list[dict]:
    """Return the fields of a version that say something, each with its title and words."""
    data = requirement_data(requirement)
    return [
        {"title": TITLES[name], "words": words(name, data[name])}
        for name in REQUIREMENT_FIELDS
        if data[name] not in ("", None, {})
    ]


def changes(before: dict, after: dict) -> list[dict]:
    """Return what differs between two versions (as requirement_data), field by field."""
    return [
        {
            "field": name,
            "title": TITLES[name],
            "before": words(name, before.get(name)),
            "after": words(name, after.get(name)),
        }
        for name in REQUIREMENT_FIELDS
        if before.get(name) != after.get(name)
    ]


def words(name: str, value) -> str:
    """Return a field's value as people read it."""
    if value in ("", None, {}):
        return _("not stated")
    if name in CHOICES:
        return str(CHOICES[name](value).label)
    if name == "classes":
        return ", ".join(value)
    if name == "target":
        return percent(value)
    if isinstance(value, dict):
        return ", ".join(f"{label} {percent(share)}" for label, share in value.items())
    return _amount(name, value)


def percent(share) -> str:
    """Return a share between 0 and 1 in hundredths, as in 92.5%."""
    number = f"{Decimal(str(share)) * 100:.2f}".rstrip("0").rstrip(".")
    return f"{number}%"


def _amount(name, value) -> str:
    if name.endswith("_cents"):
        return number_format(Decimal(value) / 100, 2)
    if name.endswith("_ms"):
        return _("%s ms") % number_format(value)
    if name.endswith("_days"):
        return _("%s days") % number_format(value)
    return number_format(value) if isinstance(value, int) else value
