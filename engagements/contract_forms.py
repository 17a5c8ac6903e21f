"""Forms of the acceptance contract, of waivers and of taking a signature back."""

from django import forms
from django.utils.translation import gettext_lazy as _

from engagements import contracts, gates, holdouts
from engagements.models import Side

METRICS = ("accuracy", "macro_f1", "macro_auc")
MOST_CLASSES = 30  # a least recall per class is asked for up to as many


class Percent(forms.DecimalField):
    """A share, typed in hundredths; empty means that it is not asked for."""

    def __init__(self, **options):
        options = {"required": False, "min_value": 1, "max_value": 99.99} | options
        super().__init__(**options, decimal_places=2)


class ContractForm(forms.Form):
    """What counts as good enough, on which images, and who decides."""

    accuracy = Percent(label=_("Accuracy in %"))
    macro_f1 = Percent(label=_("Macro F1 in %"))
    macro_auc = Percent(label=_("Macro AUC in %"))
    p95_latency_ms = forms.IntegerField(
        label=_("95% of answers within (ms)"), required=False, min_value=1, max_value=600_000
    )
    holdout = forms.ChoiceField(
        label=_("Holdout"), help_text=_("Judged on these test images only, known by their hash.")
    )
    deciders = forms.MultipleChoiceField(
        label=_("Who decides"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("At least one person of each side; they are asked to sign."),
    )

    def __init__(self, *args, engagement, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = {str(user.pk): user for user in contracts.possible_deciders()}
        found = holdouts.of(engagement)
        self.classes = sorted(found[0].counts)[:MOST_CLASSES] if found else []
        self.fields["holdout"].choices = [(one.sha256, _holdout(one)) for one in found]
        self.fields["deciders"].choices = [
            (pk, f"{user} ({Side.of(user).label})") for pk, user in self.people.items()
        ]
        for number, name in enumerate(self.classes):
            label = _("Least recall of “%s” in %%") % name
            self.fields[f"recall_{number}"] = Percent(label=label)
        recalls = [name for name in self.fields if name.startswith("recall_")]
        self.order_fields(["holdout", *METRICS, *recalls, "p95_latency_ms"])

    @property
    def terms(self) -> dict:
        """The answers, as `freeze_contract` takes them."""
        data = self.cleaned_data
        recalls = {name: data[f"recall_{i}"] for i, name in enumerate(self.classes)}
        return {
            "accuracy_target": _share(data["accuracy"]),
            "macro_f1_target": _share(data["macro_f1"]),
            "macro_auc_target": _share(data["macro_auc"]),
            "minimum_recalls": {name: _share(r) for name, r in recalls.items() if r is not None},
            "p95_latency_ms": data["p95_latency_ms"],
            "holdout_sha256": data["holdout"],
            "deciders": [self.people[pk] for pk in data["deciders"]],
        }


def contract_as_initial(engagement) -> dict:
    """What the form of the next version starts from: the one before it, or the requirement."""
    contract, requirement = engagement.newest_contract, engagement.requirement
    if contract is None:
        return _asked_for(engagement, requirement) if requirement else {}
    return {
        **{name: _percent(getattr(contract, f"{name}_target")) for name in METRICS},
        "p95_latency_ms": contract.p95_latency_ms,
        "holdout": contract.holdout_sha256,
        "deciders": [str(one.user_id) for one in contract.deciders.all()],
        **_recalls(engagement, contract.minimum_recalls),
    }


def _asked_for(engagement, requirement) -> dict:
    """The promise as the requirement asks for it."""
    return {
        requirement.metric: _percent(requirement.target),
        "p95_latency_ms": requirement.p95_latency_ms,
        **_recalls(engagement, requirement.minimum_recalls),
    }


def _recalls(engagement, least) -> dict:
    """The least recalls by the names of the form's fields."""
    found = holdouts.of(engagement)
    classes = sorted(found[0].counts)[:MOST_CLASSES] if found else []
    return {f"recall_{i}": _percent(least.get(name)) for i, name in enumerate(classes)}


class WaiverForm(forms.Form):
    """Which unmet check may be passed over, and why."""

    check = forms.ChoiceField(label=_("Check"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A second person reads it and grants the waiver, or not."),
    )

    def __init__(self, *args, gate: gates.Gate, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["check"].choices = [(one.key, one.title) for one in gate.waivable]


def _holdout(holdout) -> str:
    n = sum(holdout.counts.values())
    words = _("Test split of %(version)s, %(n)s images (%(hash)s)")
    return words % {"version": holdout.label, "n": n, "hash": holdout.sha256[:12]}


def _share(percent):
    return None if percent is None else percent / 100


def _percent(share):
    return None if share is None else f"{float(share) * 100:.2f}".rstrip("0").rstrip(".")
