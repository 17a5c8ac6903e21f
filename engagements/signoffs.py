"""Sign-offs: named people sign a statement by its hash; a further entry takes a signature back."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import contracts, judged, pages, timeline
from engagements.models import Decider, Engagement, Side, Signoff
from engagements.phases import Phase
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict

Kind = Signoff.Kind
REQUIREMENT_FIELDS = (
    "need",
    "business_process",
    "data_format",
    "task_type",
    "classes",
    "metric",
    "target",
    "minimum_recalls",
    "false_positive_cents",
    "false_negative_cents",
    "review_cents",
    "p95_latency_ms",
    "volume_per_day",
    "sensitivity",
    "retention_days",
    "acceptance_owner",
    "stated_images",
    "stated_shares",
)


def requirement_data(requirement) -> dict:
    """Return every field of a version as plain data, the target as text of four decimals."""
    fields = {name: getattr(requirement, name) for name in REQUIREMENT_FIELDS}
    return fields | {"target": f"{requirement.target:.4f}"}


def statement(engagement, kind) -> dict | None:
    """Return what is to be signed now as data, or None while there is nothing to sign."""
    if kind == Kind.REQUIREMENT:
        return _requirement_statement(engagement)
    if kind == Kind.CONTRACT:
        newest = engagement.newest_contract
        return newest and newest.agreed
    verdict = judged.verdict_now(engagement) if engagement.phase == Phase.GO_LIVE else None
    return verdict and {
        "go_live_of": str(engagement.pk),
        "iteration": engagement.iteration,
        "contract_sha256": verdict.contract.sha256,
        "verdict": str(verdict.pk),
        "outcome": verdict.outcome,
        "model_version": str(verdict.candidate_id),
        "model": verdict.candidate_label,
    }


def standing(engagement, kind) -> list[Signoff]:
    """Return the signatures that stand under what is to be signed now."""
    wanted = statement(engagement, kind)
    if wanted is None:
        return []
    rows = engagement.signoffs.standing().filter(kind=kind, sha256=sha256_of(wanted))
    return list(rows.order_by("created_at"))


def signed_to_go_live(engagement) -> list[Signoff]:
    """Return the signatures with which this iteration went live; none before it has."""
    passed = engagement.phase_records.filter(phase=Phase.GO_LIVE, iteration=engagement.iteration)
    if not passed.exists():
        return []
    rows = engagement.signoffs.standing().filter(kind=Kind.GO_LIVE)
    return list(rows.filter(statement__iteration=engagement.iteration).order_by("created_at"))


def missing(engagement, kind) -> list[str]:
    """Name who has not signed: deciders of the contract, for a requirement the sides."""
    if kind == Kind.REQUIREMENT:
        return _missing_sides(engagement)
    return [one.name for one in waited_for(engagement, kind)]


def waited_for(engagement, kind) -> list[Decider]:
    """Return the deciders who have not signed what is to be signed now."""
    contract = contract_for(engagement, kind)
    return _unsigned(contract, standing(engagement, kind)) if contract else []


def contract_for(engagement, kind):
    """Return the contract whose deciders sign: the newest for itself, to go live that stands."""
    return engagement.newest_contract if kind == Kind.CONTRACT else engagement.contract


def unsigned_by(engagement, contract) -> list[Decider]:
    """Return the deciders of a version of the contract whose signature does not stand under it."""
    rows = engagement.signoffs.standing().filter(kind=Kind.CONTRACT, sha256=contract.sha256)
    return _unsigned(contract, rows)


def sign(engagement, kind, *, sha256, by):
    """Sign what is to be signed now; `sha256` is of the statement the person saw."""
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        wanted = statement(engagement, kind)
        if not may_sign(engagement, kind, by):
            raise ValidationError(_refusal(kind))
        if wanted is None:
            raise ValidationError(
                _("There is nothing to sign: going live is signed in its phase, on a verdict.")
            )
        if sha256_of(wanted) != sha256:
            raise Conflict(_("What is to be signed has changed since you looked: read it again."))
        if any(one.created_by_id == by.pk for one in standing(engagement, kind)):
            raise Conflict(_("You have signed this already."))
        signoff = Signoff.objects.create(
            engagement=engagement,
            kind=kind,
            statement=wanted,
            sha256=sha256,
            side=Side.of(by),
            **author(by),
        )
        _tell(signoff, "signoff.signed", by)
    return signoff


def revoke(signoff, *, reason, by):
    """Take one's own signature back by a further entry."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the signature is taken back.")})
    if signoff.revokes_id or signoff.created_by_id != getattr(by, "pk", None):
        raise ValidationError(_("Only the person who signed can take a signature back."))
    with transaction.atomic():
        Engagement.objects.locked(signoff.engagement_id)
        if Signoff.objects.filter(revokes=signoff).exists():
            raise Conflict(_("This signature was taken back already."))
        entry = Signoff.objects.create(
            engagement=signoff.engagement,
            kind=signoff.kind,
            statement=signoff.statement,
            sha256=signoff.sha256,
            side=signoff.side,
            revokes=signoff,
            reason=reason.strip(),
            **author(by),
        )
        _tell(entry, "signoff.revoked", by, reason=entry.reason)
    return entry


def may_sign(engagement, kind, by) -> bool:
    """Say whether a person is among those who sign: the deciders, or any who may be one."""
    if not isinstance(by, User):
        return False
    if kind == Kind.REQUIREMENT:
        return by in contracts.possible_deciders()
    contract = contract_for(engagement, kind)
    return contract is not None and contract.deciders.filter(user=by).exists()


def page_of(engagement, kind) -> str:
    """Return the address of the page where this is signed."""
    name = "requirement" if kind == Kind.REQUIREMENT else "contract"
    return pages.url(f"engagements:{name}", engagement)


def _unsigned(contract, signatures):
    signed = {one.created_by_id for one in signatures}
    deciders = contract.deciders.select_related("user").order_by("side", "name")
    return [one for one in deciders if one.user_id not in signed]


def _requirement_statement(engagement):
    requirement = engagement.requirement
    named = requirement and {"requirement_of": str(engagement.pk), "version": requirement.version}
    return named and named | requirement_data(requirement)


def _missing_sides(engagement):
    if engagement.requirement is None:
        return []
    signed = {one.side for one in standing(engagement, Kind.REQUIREMENT)}
    words = {Side.CUSTOMER: _("The customer"), Side.VENDOR: _("The vendor")}
    return [str(name) for side, name in words.items() if side not in signed]


def _refusal(kind):
    if kind == Kind.REQUIREMENT:
        return _("Only people who may change the engagement can sign its requirement.")
    return _("Only the people whom the acceptance contract names can sign.")


def _tell(signoff, kind, by, **more):
    facts = {"subject": Signoff.Kind(signoff.kind).label, "hash": signoff.sha256[:12]} | more
    url = page_of(signoff.engagement, signoff.kind)
    timeline.record(signoff.engagement, kind, by=by, url=url, **facts)
    audit.record(kind, signoff, by=by, sha256=signoff.sha256, **more)
