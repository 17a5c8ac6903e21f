"""Look-ups made before a tenant is known, through the named functions of lepton_system."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connection


@dataclass(frozen=True)
class TenantFacts:
    """A tenant as a user meets it: `role` is None for someone who is no member."""

    id: uuid.UUID
    slug: str
    name: str
    role: str | None

    @property
    def pk(self):
        return self.id


@dataclass(frozen=True)
class KeyFacts:
    """What a presented API key is allowed; it acts as an actor in services."""

    key_id: uuid.UUID
    tenant_id: uuid.UUID
    tenant_slug: str
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None
    is_practice: bool = False

    @property
    def actor_label(self) -> str:
        return f"API key {self.name}"

    @cached_property
    def holder(self) -> str:
        """Whose quota its requests take from."""
        return str(self.key_id)


def tenant_for(user, slug: str) -> TenantFacts | None:
    """Return the tenant with this slug and the user's role in it, or None if no such tenant."""
    rows = call("lepton_tenant_for", user.pk, slug)
    return TenantFacts(*rows[0]) if rows else None


def tenants_of(user) -> list[TenantFacts]:
    """Return the tenants a user is a member of, by name."""
    return [TenantFacts(*row) for row in call("lepton_tenants_of", user.pk)]


def api_key(digest: str) -> KeyFacts | None:
    """Return what is known of the API key with this digest, revoked and expired ones too."""
    rows = call("lepton_api_key", digest)
    if not rows:
        return None
    return key_facts(*rows[0])


def key_facts(key_id, tenant_id, slug, name, scopes, *more) -> KeyFacts:
    """Return a row of lepton_api_key as facts."""
    return KeyFacts(key_id, tenant_id, slug, name, tuple(scopes), *more)


def call(function: str, *arguments) -> list[tuple]:
    """Call a system function by name and return its rows."""
    marks = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}({marks})", arguments)  # noqa: S608
        return cursor.fetchall()
