"""Forms of the acceptance contract, of waivers and of taking a signature back."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from engagements import contracts, gates, holdouts
from engagements.models import Side
from lepton.lib.canonical import sha256_of

METRICS = ("accuracy", "macro_f1", "macro_auc")
MOST_CLASSES = 30  # a least recall is asked for of as many classes, and of those that have one


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
        self.recalls = {_field_of(name): name for name in _classes(engagement, found)}
        self.fields["holdout"].choices = [(one.sha256, _holdout(one)) for one in found]
        self.fields["deciders"].choices = [
            (pk, f"{user} ({Side.of(user).label})") for pk, user in self.people.items()
        ]
        for field, name in self.recalls.items():
            self.fields[field] = Percent(label=_("Least recall of “%s” in %%") % name)
        self.order_fields(["holdout", *METRICS, *self.recalls, "p95_latency_ms"])

    @property
    def terms(self) -> dict:
        """The answers, as `freeze_contract` takes them."""
        data = self.cleaned_data
        recalls = {name: data[field] for field, name in self.recalls.items()}
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
    recalls = {_field_of(name): _percent(least) for name, least in _least(engagement).items()}
    if contract is None:
        return recalls | (_asked_for(requirement) if requirement else {})
    return recalls | {
        **{name: _percent(getattr(contract, f"{name}_target")) for name in METRICS},
        "p95_latency_ms": contract.p95_latency_ms,
        "holdout": contract.holdout_sha256,
        "deciders": [str(one.user_id) for one in contract.deciders.all()],
    }


def _asked_for(requirement) -> dict:
    """The promise as the requirement asks for it."""
    return {
        requirement.metric: _percent(requirement.target),
        "p95_latency_ms": requirement.p95_latency_ms,
    }


def _least(engagement) -> dict:
    """The least recalls the next version starts from: of the one before it, or as asked for."""
    before = engagement.newest_contract or engagement.requirement
    return before.minimum_recalls if before else {}


def _classes(engagement, found) -> list[str]:
    """The classes whose least recall is asked for, whichever of these holdouts is chosen.

    Those that have one are always among them, so that the next version drops none unseen.
    """
    known = sorted({name for holdout in found for name in holdout.counts})
    return sorted({*known[:MOST_CLASSES], *_least(engagement)})


def _field_of(name) -> str:
    """A field is known by its class: its number could be another one by the time it comes back."""
    return f"recall_{sha256_of(name)[:12]}"


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
        self.fields["check"].choices = [(_value(one), one.title) for one in gate.waivable]

    @property
    def wanted(self) -> dict:
        """The answers, as `request_waiver` takes them."""
        key, _space, about = self.cleaned_data["check"].partition(" ")
        wanted = {"check": key, "candidate_id": UUID(about) if about else None}
        return wanted | {"reason": self.cleaned_data["reason"]}


def _value(check) -> str:
    """A check as the form names it: its key, and the model version if it is about one."""
    return f"{check.key} {check.candidate_id}" if check.candidate_id else check.key


def _holdout(holdout) -> str:
    n = sum(holdout.counts.values())
    words = _("Test split of %(version)s, %(n)s images (%(hash)s)")
    return words % {"version": holdout.label, "n": n, "hash": holdout.sha256[:12]}


def _share(percent):
    return None if percent is None else percent / 100


def _percent(share):
    return None if share is None else f"{float(share) * 100:.2f}".rstrip("0").rstrip(".")
