"""Writes on tenants, members and API keys: each one transaction with its audit entry."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, keys
from accounts.models import ApiKey, Membership, Tenant, User
from accounts.roles import KEY_SCOPES, Role, scopes_of
from accounts.scoping import tenant_scope


def create_tenant(slug, *, name, by):
    """Open a tenant; vendor staff only."""
    if not by.is_vendor_staff:
        raise ValidationError(_("Only vendor staff can open a tenant."))
    tenant = Tenant(slug=slug, name=name)
    tenant.clean_fields()
    with tenant_scope(tenant):
        try:
            with transaction.atomic():
                tenant.save(force_insert=True)
        except IntegrityError:
            message = _("“%s” is taken: choose another short name.") % slug
            raise ValidationError({"slug": message}) from None
        audit.record("tenant.created", tenant, by=by)
    return tenant


def add_member(email, *, name, role, by, password=None):
    """Make a person a member of the active tenant, creating their account if they have none."""
    user = User.objects.filter(email=email.lower()).first()
    if user and user.is_vendor_staff:
        raise ValidationError({"email": _("Vendor staff can enter every tenant already.")})
    try:
        with transaction.atomic():
            user = user or User.objects.create_user(email, password, name=name)
            membership = Membership.objects.create(user=user, role=Role(role))
            audit.record("member.added", user, by=by, role=role)
    except IntegrityError:
        raise ValidationError({"email": _("This person is already a member.")}) from None
    return membership


def change_role(membership, *, role, by):
    """Give a member another role; the last owner stays one."""
    with transaction.atomic():
        _keep_an_owner(membership, unless=role == Role.OWNER)
        Membership.objects.filter(pk=membership.pk).update(role=Role(role))
        audit.record("member.role_changed", membership.user, by=by, role=role)


def remove_member(membership, *, by):
    """End a membership; the last owner stays. Keys for practice end with it: they are personal."""
    with transaction.atomic():
        _keep_an_owner(membership)
        mine = ApiKey.objects.filter(is_practice=True, created_by=membership.user)
        for key in mine.filter(revoked_at=None):
            revoke_key(key, by=by)
        membership.delete()
        audit.record("member.removed", membership.user, by=by)


def create_key(name, *, scopes, by, expires_at=None, is_practice=False):
    """Make an API key; returns (row, key). The key itself is never shown again.

    What a key for practice sends and says counts nowhere, so any member may have one.
    """
    _check_scopes(scopes, KEY_SCOPES if is_practice else scopes_of(Membership.objects.role_of(by)))
    if expires_at and expires_at <= timezone.now():
        raise ValidationError({"expires_at": _("The expiry is in the past.")})
    secret = keys.generate()
    with transaction.atomic():
        row = ApiKey.objects.create(
            name=name,
            prefix=secret[:10],
            digest=keys.digest(secret),
            scopes=sorted(scopes),
            created_by=by,
            expires_at=expires_at,
            is_practice=is_practice,
        )
        audit.record("key.created", row, by=by, scopes=row.scopes, is_practice=is_practice)
    return row, secret


def rotate_key(key, *, by, until):
    """Make a key with the same name and scopes; the old one works until `until`.

    Returns (row, key) of the new one. It lives as long as the old one was meant to.
    """
    if key.state != ApiKey.State.ACTIVE:
        raise ValidationError(_("This key does not work any more: make a new one."))
    expires_at = _as_long_as(key) if key.expires_at else None
    with transaction.atomic():
        ApiKey.objects.select_for_update(no_key=True).get(pk=key.pk)  # before the audit chain
        facts = {"scopes": key.scopes, "is_practice": key.is_practice, "expires_at": expires_at}
        row, secret = create_key(key.name, **facts, by=by)
        ends_at = min(until, key.expires_at) if key.expires_at else until
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(expires_at=ends_at)
        audit.record("key.rotated", key, by=by, works_until=ends_at.isoformat())
    return row, secret


def revoke_key(key, *, by):
    """Refuse a key from now on; saying so twice changes nothing."""
    with transaction.atomic():
        changed = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if changed:
            audit.record("key.revoked", key, by=by)


def _check_scopes(scopes, allowed):
    if unknown := sorted(set(scopes) - set(KEY_SCOPES)):
        raise ValidationError({"scopes": _("Unknown scope: %s.") % ", ".join(unknown)})
    if beyond := sorted(set(scopes) - set(allowed)):
        message = _("Your own role does not include: %s.") % ", ".join(beyond)
        raise ValidationError({"scopes": message})
    if not scopes:
        raise ValidationError({"scopes": _("Choose at least one scope.")})


def _as_long_as(key):
    now, latest = timezone.now(), datetime.max.replace(tzinfo=UTC)
    return now + min(key.expires_at - key.created_at, latest - now)


def _keep_an_owner(membership, *, unless=False):
    owners = Membership.objects.select_for_update(no_key=True).filter(role=Role.OWNER)
    if not unless and [m.pk for m in owners] == [membership.pk]:
        raise ValidationError(_("A tenant needs an owner: name another one first."))
