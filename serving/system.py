"""What the data plane reads of all tenants, through the named functions of lepton_system."""

import json
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from accounts import system

KEYS_AT_ONCE = 500


class Wanted(NamedTuple):
    """An endpoint and its newest deployment that did not fail (None in its fields if none)."""

    tenant_id: UUID
    tenant_slug: str
    endpoint_id: UUID
    endpoint_slug: str
    keeps_inputs: bool
    deployment_id: UUID | None
    deployment_number: int | None
    state: str | None
    model_version_id: UUID | None
    model_version_number: int | None
    classes: list[str] | None
    storage_prefix: str | None
    meta_json: str  # there may be thousands, read again and again: parsed where one is opened

    @property
    def address(self) -> tuple[str, str]:
        return self.tenant_slug, self.endpoint_slug

    @property
    def meta(self) -> dict:
        """What meta.json says of classes, files and preprocessing."""
        return json.loads(self.meta_json)


def wanted_deployments() -> list[Wanted]:
    """Return every endpoint with what should answer there."""
    return [Wanted(*row) for row in system.call("lepton_deployments")]


class WantedChallenger(NamedTuple):
    """What should run beside an endpoint's champion; named like Wanted, as it is loaded alike."""

    tenant_id: UUID
    tenant_slug: str
    endpoint_id: UUID
    endpoint_slug: str
    deployment_id: UUID  # the challenger's own
    deployment_number: int
    state: str
    variant: str
    share_percent: int
    model_version_id: UUID
    model_version_number: int
    classes: list[str]
    storage_prefix: str
    meta_json: str

    @property
    def address(self) -> tuple[str, str]:
        return self.tenant_slug, self.endpoint_slug

    @property
    def meta(self) -> dict:
        """What meta.json says of classes, files and preprocessing."""
        return json.loads(self.meta_json)


def wanted_challengers() -> list[WantedChallenger]:
    """Return every challenger that has not ended."""
    return [WantedChallenger(*row) for row in system.call("lepton_challengers")]


def api_keys(digests: list[str]) -> dict[str, system.KeyFacts]:
    """Return what is known of the keys with these digests, by digest."""
    found = {}
    with connection.cursor() as cursor:
        for at in range(0, len(digests), KEYS_AT_ONCE):
            cursor.execute(
                "SELECT asked.digest, known.* FROM unnest(%s::text[]) AS asked (digest),"
                " LATERAL lepton_api_key(asked.digest) AS known",
                [digests[at : at + KEYS_AT_ONCE]],
            )
            found |= {digest: system.key_facts(*row) for digest, *row in cursor}
    return found
