"""Writes on acceptance contracts: freezing a version, and judging a model version by it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Membership, User, author
from accounts.roles import Capability, Role, may
from engagements import holdouts, mails, timeline, verdicts
from engagements.models import (
    AcceptanceContract,
    Decider,
    Engagement,
    Outcome,
    Side,
    Signoff,
    Verdict,
)
from lepton.lib.canonical import sha256_of


def possible_deciders() -> list[User]:
    """Who can be named in a contract: those of both sides who may sign one."""
    roles = [role for role in Role if may(role, Capability.ENGAGE)]
    members = Membership.objects.by_name().filter(role__in=roles, user__is_active=True)
    return [*(one.user for one in members), *User.objects.account_managers()]


def people(ids) -> list[User]:
    """Return those of these users who can be named; raise ValidationError for any other id."""
    possible = {user.pk: user for user in possible_deciders()}
    if unknown := [str(pk) for pk in ids if pk not in possible]:
        words = _("Cannot decide here: %s.") % ", ".join(unknown)
        raise ValidationError({"deciders": words})
    return [possible[pk] for pk in ids]


def freeze_contract(
    engagement,
    *,
    holdout_sha256,
    deciders,
    by,
    accuracy_target=None,
    macro_f1_target=None,
    macro_auc_target=None,
    minimum_recalls=None,
    p95_latency_ms=None,
):
    """Freeze the next version of the acceptance contract; earlier ones and their verdicts stand.

    It is a proposal until everybody it names has signed it: till then the version before stands.
    `deciders` are users of both sides; `minimum_recalls` is {class: least recall, 0 to 1}.
    """
    holdout = _holdout(engagement, holdout_sha256)
    named = _both_sides(deciders)
    contract = AcceptanceContract(
        engagement=engagement,
        accuracy_target=accuracy_target,
        macro_f1_target=macro_f1_target,
        macro_auc_target=macro_auc_target,
        minimum_recalls=_recalls(minimum_recalls or {}, holdout),
        p95_latency_ms=p95_latency_ms,
        holdout_sha256=holdout.sha256,
        holdout_label=holdout.label,
        holdout_counts=holdout.counts,
        **author(by),
    )
    if {accuracy_target, macro_f1_target, macro_auc_target} == {None}:
        raise ValidationError(_("Name at least one metric with its target."))
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        newest = engagement.newest_contract
        contract.version = newest.version + 1 if newest else 1
        contract.sha256 = sha256_of(
            contract.terms | {"deciders": sorted(str(user.pk) for user in named)}
        )
        contract.full_clean(exclude=["tenant", "engagement", "created_by", "minimum_recalls"])
        contract.save(force_insert=True)
        _name_deciders(contract, named)
        facts = {"version": contract.version, "sha256": contract.sha256}
        url = contract.get_absolute_url()
        timeline.record(engagement, "contract.frozen", by=by, url=url, **facts)
        mailed = mails.ask_to_sign(engagement, Signoff.Kind.CONTRACT, by=by)
        audit.record("contract.frozen", contract, by=by, **facts, **mailed)
    return contract


def judge(engagement, *, candidate_id, by):
    """Give the verdict on a model version's figures under the contract that stands."""
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        contract = engagement.contract
        if contract is None:
            raise ValidationError(_("There is no acceptance contract yet: freeze one first."))
        candidate = counting(contract, candidate_id)
        latency = holdouts.latency(engagement, candidate.id, contract.p95_latency_ms or 0)
        criteria = verdicts.assess(contract, candidate, latency)
        verdict = Verdict.objects.create(
            contract=contract,
            candidate_id=candidate.id,
            candidate_label=candidate.label,
            url=candidate.url,
            measured_at=candidate.measured_at,
            outcome=verdicts.overall(criteria),
            criteria=criteria,
            **author(by),
        )
        _tell(engagement, verdict, by)
    return verdict


def counting(contract, candidate_id):
    """Return a model version with its figures on the contract's holdout; others do not count."""
    measured = [c for c in holdouts.candidates(contract.engagement) if c.id == candidate_id]
    for candidate in measured:
        if candidate.holdout_sha256 == contract.holdout_sha256:
            return candidate
    if not measured:
        raise ValidationError(_("There is no such model version, or it was never measured."))
    words = {"model": measured[0].label, "holdout": contract.holdout_label}
    raise ValidationError(
        _(
            "%(model)s was measured on another holdout than the contract's (%(holdout)s): these"
            " figures do not count."
        )
        % words
    )


def _holdout(engagement, sha256):
    for one in holdouts.of(engagement):
        if one.sha256 == sha256:
            return one
    message = _("This engagement has no such holdout: freeze a dataset version with a test split.")
    raise ValidationError({"holdout_sha256": message})


def _both_sides(deciders):
    possible = {user.pk: user for user in possible_deciders()}
    if strangers := [str(user) for user in deciders if user.pk not in possible]:
        words = _("Cannot decide here: %s.") % ", ".join(strangers)
        raise ValidationError({"deciders": words})
    if {Side.of(user) for user in deciders} != set(Side):
        raise ValidationError({"deciders": _("Name at least one person of each side.")})
    return sorted({user.pk: user for user in deciders}.values(), key=lambda user: str(user.pk))


def _recalls(minimum_recalls, holdout):
    if unknown := sorted(set(minimum_recalls) - set(holdout.counts)):
        words = _("The holdout has no class “%s”.") % unknown[0]
        raise ValidationError({"minimum_recalls": words})
    least = {name: float(value) for name, value in minimum_recalls.items()}
    if not all(0 < value < 1 for value in least.values()):
        words = _("A least recall lies between 0 and 1, without these.")
        raise ValidationError({"minimum_recalls": words})
    return least


def _name_deciders(contract, named):
    rows = [Decider(contract=contract, user=u, name=str(u), side=Side.of(u)) for u in named]
    Decider.objects.bulk_create(rows)


def _tell(engagement, verdict, by):
    words = {"model": verdict.candidate_label, "outcome": verdict.outcome}
    words |= {"version": verdict.contract.version}
    url = verdict.contract.get_absolute_url()
    kind = f"verdict.{Outcome(verdict.outcome).value}"
    timeline.record(engagement, kind, by=by, url=url, **words)
    audit.record("verdict.given", verdict, by=by, **words)
