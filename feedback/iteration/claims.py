"""The right to take one data iteration a step further; who is late changes nothing."""

import uuid
from contextlib import contextmanager
from dataclasses import dataclass

from accounts import system
from accounts.scoping import tenant_scope
from feedback.iteration.models import DataIteration

SECONDS = 120.0  # longer than a step takes; then another worker takes it again


class Late(Exception):
    """Another worker took the iteration over, or it went on meanwhile."""


@dataclass(frozen=True)
class Claim:
    """One step of one iteration; `attempt` fences it."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    attempt: int
    failures: int

    @contextmanager
    def scope(self, state=None):
        """One transaction in the tenant's scope with the row locked for us. Raises Late."""
        with tenant_scope(self.tenant_id):
            rows = DataIteration.objects.select_for_update(no_key=True, of=("self",))
            rows = rows.select_related("engagement__tenant", "base__dataset", "champion")
            row = rows.filter(pk=self.id, attempt=self.attempt).first()
            if row is None or state not in (None, row.state):
                raise Late
            yield row


def next_claim() -> Claim | None:
    """Claim the iteration that is due longest, or None."""
    rows = system.call("lepton_claim_data_iteration", SECONDS)
    return Claim(*rows[0]) if rows else None


def next_policy() -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return (policy, tenant) of a policy whose triggers are to be looked at, or None."""
    rows = system.call("lepton_claim_iteration_policy", SECONDS)
    return rows[0] if rows else None
