"""The whole requirement as a form, and the change of a signed one."""

from decimal import Decimal, InvalidOperation

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements.forms import RequirementForm
from engagements.models import Requirement
from engagements.requirement_words import percent
from engagements.signoffs import REQUIREMENT_FIELDS, requirement_data

MONEY = ("false_positive_cents", "false_negative_cents", "review_cents")
GROUPS = [
    (gettext_lazy("What is needed"), ["need", "business_process", "acceptance_owner"]),
    (
        gettext_lazy("The data"),
        [
            "task_type",
            "classes",
            "data_format",
            "stated_images",
            "stated_shares",
            "sensitivity",
            "retention_days",
        ],
    ),
    (gettext_lazy("How good"), ["metric", "target", "minimum_recalls"]),
    (gettext_lazy("What errors cost"), list(MONEY)),
    (gettext_lazy("Operation"), ["p95_latency_ms", "volume_per_day"]),
]


class SharesField(forms.CharField):
    """A share per class, one a line as in “scratch: 90”, in hundredths; gives {class: share}."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value):
        return dict(_share_line(line) for line in super().to_python(value).splitlines() if line)

    def prepare_value(self, value):
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name}: {percent(share)}" for name, share in value.items())

    def run_validators(self, value):
        pass  # the validators of a text do not fit; the service checks names and shares

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class Money(forms.DecimalField):
    """An amount in currency units; gives cents."""

    def __init__(self, **options):
        limits = {"required": False, "min_value": 0, "max_value": 10_000_000}
        super().__init__(**limits, decimal_places=2, **options)

    def clean(self, value):
        amount = super().clean(value)
        return None if amount is None else int(amount * 100)


def _whole(label, **options):
    limits = {"required": False, "min_value": 0, "max_value": 2_000_000_000}
    return forms.IntegerField(label=label, **limits | options)


class FullRequirementForm(RequirementForm):
    """Every field of a requirement; most of them may stay empty."""

    business_process = forms.CharField(
        label=gettext_lazy("Business process"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    acceptance_owner = forms.CharField(
        label=gettext_lazy("Acceptance owner"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Who at the customer says that it is good enough."),
    )
    task_type = forms.ChoiceField(
        label=gettext_lazy("Task type"), required=False, choices=Requirement.TaskType
    )
    data_format = forms.CharField(label=gettext_lazy("Data format"), required=False, max_length=500)
    stated_images = _whole(gettext_lazy("Images there are"))
    stated_shares = SharesField(
        label=gettext_lazy("Share of each class in %"),
        required=False,
        help_text=gettext_lazy("One a line, as in “scratch: 20”."),
    )
    sensitivity = forms.ChoiceField(
        label=gettext_lazy("Sensitivity"),
        required=False,
        choices=[("", gettext_lazy("Not stated")), *Requirement.Sensitivity.choices],
    )
    retention_days = _whole(gettext_lazy("Kept for (days)"))
    minimum_recalls = SharesField(
        label=gettext_lazy("Least recall of a class in %"),
        required=False,
        help_text=gettext_lazy("One a line, as in “scratch: 90”."),
    )
    false_positive_cents = Money(label=gettext_lazy("A false positive"))
    false_negative_cents = Money(label=gettext_lazy("A false negative"))
    review_cents = Money(label=gettext_lazy("A review by a person"))
    p95_latency_ms = _whole(gettext_lazy("95% of answers within (ms)"), min_value=1)
    volume_per_day = _whole(gettext_lazy("Items a day"))

    def clean_task_type(self):
        return self.cleaned_data["task_type"] or Requirement.TaskType.IMAGE_CLASSIFICATION

    @property
    def requirement(self) -> dict:
        """The answers, as `write_requirement` takes them."""
        return {name: self.cleaned_data[name] for name in REQUIREMENT_FIELDS}

    @property
    def groups(self) -> list[dict]:
        """The fields, grouped under a legend."""
        return [{"legend": legend, "fields": [self[n] for n in names]} for legend, names in GROUPS]


class ChangeForm(FullRequirementForm):
    """What a signed requirement should become, and why."""

    reason = forms.CharField(
        label=gettext_lazy("Why it should change"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The other side reads it and accepts or declines."),
    )

    @property
    def groups(self) -> list[dict]:
        """The reason first."""
        return [{"legend": _("The change"), "fields": [self["reason"]]}, *super().groups]


def as_initial(requirement) -> dict:
    """What the form of the next version starts from: the newest one, if there is any."""
    if requirement is None:
        return {}
    data = requirement_data(requirement)
    for name in MONEY:
        data[name] = None if data[name] is None else f"{Decimal(data[name]) / 100:.2f}"
    return data | {"target": percent(data["target"]).removesuffix("%")}


def _share_line(line):
    name, found, share = line.strip().rpartition(":")
    if not found:
        name, _found, share = line.strip().rpartition(" ")
    try:
        number = Decimal(share.strip().removesuffix("%").strip())
    except InvalidOperation:
        number = None
    if not name.strip() or number is None or not (number.is_finite() and 0 <= number <= 100):
        raise ValidationError(_("“%s” is not a class with its share, as in “scratch: 20”.") % line)
    return name.strip(), number / 100
