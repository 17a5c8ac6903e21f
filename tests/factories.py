"""The few people and things most tests need, made by the services people's clicks use."""

from accounts import services as accounts
from accounts.models import User
from accounts.scoping import tenant_scope
from engagements import gates, waivers
from engagements import services as engagements

PASSWORD = "correct horse battery"


def staff(name, role):
    return User.objects.create_user(
        f"{name.lower()}@vendor.example", PASSWORD, name=name, staff_role=role
    )


def member(tenant, name, role):
    with tenant_scope(tenant):
        membership = accounts.add_member(
            f"{name.lower()}@{tenant.slug}.example",
            name=name,
            role=role,
            by=None,
            password=PASSWORD,
        )
    return membership.user


def api_key(tenant, owner, *scopes):
    """Make a key of the tenant; returns the key's text."""
    with tenant_scope(tenant):
        _row, secret = accounts.create_key("test client", scopes=scopes, by=owner)
    return secret


def engagement(tenant, by, name="Surface inspection"):
    with tenant_scope(tenant):
        made = engagements.open_engagement(name, by=by)
        engagements.write_requirement(
            made,
            need="Find faulty castings before they are shipped.",
            classes=["ok", "scratch"],
            metric="accuracy",
            target="0.9",
            by=by,
        )
    return made


def waive_gate(engagement, *, asking, granting):
    """Have every unmet check of the present gate waived, by two people as the rules demand."""
    for check in gates.look(engagement).unmet:
        waiver = waivers.request_waiver(engagement, check.key, reason="Agreed by phone.", by=asking)
        waivers.grant_waiver(waiver, by=granting)
