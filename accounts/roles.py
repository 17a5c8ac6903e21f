"""What each role may do: one table for members, vendor staff and API keys."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Capability(TextChoices):
    """One thing a person or key may do in a tenant; API keys carry these as scopes."""

    VIEW = "view", _("View everything of the tenant")
    PREDICT = "predict", _("Send data to endpoints")
    FEEDBACK = "feedback", _("Give feedback on predictions")
    DATA = "data", _("Upload and change data")
    RUN = "run", _("Start and cancel runs")
    DEPLOY = "deploy", _("Deploy and roll back")
    ENGAGE = "engage", _("Change engagements and requirements")
    MANAGE = "manage", _("Manage members and API keys")


class Role(TextChoices):
    """A member's role in a tenant."""

    OWNER = "owner", _("Owner")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


class StaffRole(TextChoices):
    """A vendor employee's role, the same in every tenant."""

    ACCOUNT_MANAGER = "account_manager", _("Account manager")
    ML_ENGINEER = "ml_engineer", _("ML engineer")
    OPERATOR = "operator", _("Operator")


_EDITS = {
    Capability.VIEW,
    Capability.PREDICT,
    Capability.FEEDBACK,
    Capability.DATA,
    Capability.RUN,
    Capability.DEPLOY,
}
CAPABILITIES: dict[str, set[str]] = {
    Role.OWNER: set(Capability),
    Role.EDITOR: _EDITS,
    Role.VIEWER: {Capability.VIEW},
    StaffRole.ACCOUNT_MANAGER: (_EDITS - {Capability.DEPLOY})
    | {Capability.ENGAGE, Capability.MANAGE},
    StaffRole.ML_ENGINEER: _EDITS,
    StaffRole.OPERATOR: {Capability.VIEW, Capability.PREDICT, Capability.RUN, Capability.DEPLOY},
}

# What a key may be given: keys never manage people, keys or the engagement itself.
KEY_SCOPES = [
    Capability.PREDICT,
    Capability.FEEDBACK,
    Capability.VIEW,
    Capability.DATA,
    Capability.RUN,
    Capability.DEPLOY,
]


def scopes_of(role: str) -> list[Capability]:
    """What somebody of a role may give to a key: nothing that the role itself lacks."""
    return [scope for scope in KEY_SCOPES if may(role, scope)]


def may(role: str, capability: str) -> bool:
    """Say whether a role (of a member or of vendor staff) includes a capability."""
    return capability in CAPABILITIES.get(role, ())
