"""Writes on requirements: each version stands for itself; a signed one changes by request only."""

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import signoffs, timeline
from engagements.models import Engagement, Requirement, Signoff
from lepton.lib.refusals import Conflict

NEAR_ONE = 0.02  # shares are typed in rounded hundredths
OUTER = ["tenant", "engagement", "created_by", "created_by_label"]  # set by the services


def write_requirement(engagement, *, need, classes, metric, target, by, **more):
    """Write the next version of the requirement; earlier versions stay as they were.

    `more`: any further field of signoffs.REQUIREMENT_FIELDS. Refused once both sides signed.
    """
    fields = {"need": need, "classes": classes, "metric": metric, "target": target} | more
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)  # versions count up
        if is_signed(engagement):
            raise Conflict(_("Both sides have signed the requirement: propose a change request."))
        return write_next(engagement, fields, by=by)


def write_next(engagement, fields, *, by):
    """Write a version inside the transaction of whoever has locked the engagement."""
    requirement = drafted(engagement, fields)
    for name, value in author(by).items():
        setattr(requirement, name, value)
    requirement.save(force_insert=True)
    version = requirement.version
    timeline.record(engagement, "requirement.written", by=by, version=version)
    audit.record("requirement.written", requirement, by=by, version=version)
    return requirement


def drafted(engagement, fields) -> Requirement:
    """Return the next version as it would be, checked and not saved."""
    latest = engagement.requirement
    fields = {name: value for name, value in fields.items() if value is not None}
    fields["classes"] = _distinct(fields["classes"])
    for name in ("minimum_recalls", "stated_shares"):
        fields[name] = _shares(name, fields.get(name) or {}, fields["classes"])
    _refuse_odd_sum(fields["stated_shares"], fields["classes"])
    version = latest.version + 1 if latest else 1
    requirement = Requirement(engagement=engagement, version=version, **fields)
    requirement.full_clean(exclude=OUTER)
    return requirement


def is_signed(engagement) -> bool:
    """Whether both sides stand by the requirement: they signed it, or the contract made of it."""
    kind, contract = Signoff.Kind.REQUIREMENT, engagement.signed_contract
    if signoffs.standing(engagement, kind) and not signoffs.missing(engagement, kind):
        return True
    return contract is not None and not signoffs.unsigned_by(engagement, contract)


def _distinct(classes):
    names = [name.strip() for name in classes if name.strip()]
    if len(names) < 2:
        raise ValidationError({"classes": _("Name at least two classes.")})
    if len(set(names)) < len(names):
        raise ValidationError({"classes": _("Each class may be named once only.")})
    return names


def _shares(field, given, classes) -> dict[str, float]:
    if unknown := sorted(set(given) - set(classes)):
        words = _("None of the classes: %s.") % ", ".join(unknown)
        raise ValidationError({field: words})
    return {name: _share(field, share) for name, share in given.items()}


def _share(field, given) -> float:
    try:
        share = Decimal(str(given))
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 < share < 1:
        words = _("A share lies between 0 and 1 (0% and 100%), both left out.")
        raise ValidationError({field: words})
    return float(share)


def _refuse_odd_sum(shares, classes):
    total = sum(shares.values())
    whole = len(shares) == len(classes)
    if total > 1 + NEAR_ONE or (whole and total < 1 - NEAR_ONE):
        words = _("The shares of all classes add up to %s%%, not to 100%%.") % round(total * 100)
        raise ValidationError({"stated_shares": words})
