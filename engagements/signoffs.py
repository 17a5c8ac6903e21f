"""Sign-offs: named people sign a statement by its hash; a further entry takes a signature back."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import timeline
from engagements.models import Engagement, Side, Signoff, Verdict
from engagements.phases import Phase
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict

Kind = Signoff.Kind


def statement(engagement, kind) -> dict | None:
    """Return what is to be signed now as data, or None while there is nothing to sign."""
    contract = engagement.contract
    if contract is None:
        return None
    if kind == Kind.CONTRACT:
        return contract.agreed
    if engagement.phase != Phase.GO_LIVE:
        return None
    verdict = Verdict.objects.newest_first().filter(contract=contract).first()
    return verdict and {
        "go_live_of": str(engagement.pk),
        "iteration": engagement.iteration,
        "contract_sha256": contract.sha256,
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


def missing(engagement, kind) -> list[str]:
    """Name the deciders of the standing contract who have not signed."""
    contract = engagement.contract
    if contract is None:
        return []
    signed = {one.created_by_id for one in standing(engagement, kind)}
    deciders = contract.deciders.order_by("side", "name")
    return [one.name for one in deciders if one.user_id not in signed]


def sign(engagement, kind, *, sha256, by):
    """Sign what is to be signed now; `sha256` is of the statement the person saw."""
    with transaction.atomic():
        Engagement.objects.select_for_update(no_key=True).get(pk=engagement.pk)
        wanted = statement(engagement, kind)
        _refuse_unless_decider(engagement, by)
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
        Engagement.objects.select_for_update(no_key=True).get(pk=signoff.engagement_id)
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


def _refuse_unless_decider(engagement, by):
    contract = engagement.contract
    named = contract and isinstance(by, User) and contract.deciders.filter(user=by).exists()
    if not named:
        raise ValidationError(_("Only the people whom the acceptance contract names can sign."))


def _tell(signoff, kind, by, **more):
    facts = {"subject": str(signoff.get_kind_display()), "hash": signoff.sha256[:12]} | more
    url = signoff.engagement.contract.get_absolute_url()
    timeline.record(signoff.engagement, kind, by=by, url=url, **facts)
    audit.record(kind, signoff, by=by, sha256=signoff.sha256, **more)
