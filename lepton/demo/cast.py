"""The people of the demo, and one password for them all, made up once per installation."""

import json
import secrets
from pathlib import Path

from accounts import services
from accounts.models import User
from accounts.roles import Role, StaffRole
from accounts.scoping import tenant_scope
from accounts.system import tenant_for

VENDOR = "vendor"
ACME, GLOBEX = ("acme", "Acme Castings"), ("globex", "Globex Health")
MEMBERS = [
    (ACME, "Alice", Role.OWNER),
    (ACME, "Bob", Role.VIEWER),
    (GLOBEX, "Carol", Role.OWNER),
    (GLOBEX, "Dana", Role.EDITOR),
    (GLOBEX, "Ivan", Role.VIEWER),
]


STAFF = [
    ("Mei", StaffRole.ACCOUNT_MANAGER),
    ("Ravi", StaffRole.ML_ENGINEER),
]


def assemble(home: Path) -> tuple[User, str]:
    """Make whoever is missing; returns Mei, the account manager, and everybody's password."""
    password = _password(home)
    for name, role in STAFF:
        email = address(name, VENDOR)
        if not User.objects.filter(email=email).exists():
            User.objects.create_user(email, password, name=name, staff_role=role)
    mei = person("Mei", VENDOR)
    for (slug, tenant_name), name, role in MEMBERS:
        tenant = tenant_for(mei, slug) or services.create_tenant(slug, name=tenant_name, by=mei)
        email = address(name, slug)
        if not User.objects.filter(email=email).exists():
            with tenant_scope(tenant):
                services.add_member(email, name=name, role=role, by=mei, password=password)
    return mei, password


def address(name: str, slug: str) -> str:
    return f"{name.lower()}@{slug}.example"


def person(name: str, slug: str) -> User:
    return User.objects.get(email=address(name, slug))


def sign_ins(password: str) -> list[tuple[str, str, str]]:
    """Rows of (e-mail, password, who that is), for people to read."""
    rows = [
        (address(name, VENDOR), password, f"{_lower(StaffRole(role).label)} of the vendor")
        for name, role in STAFF
    ]
    for (slug, tenant_name), name, role in MEMBERS:
        rows.append((address(name, slug), password, f"{_lower(Role(role).label)} at {tenant_name}"))
    return rows


def _lower(label) -> str:
    return str(label)[0].lower() + str(label)[1:] if str(label)[:2] != "ML" else str(label)


def _password(home: Path) -> str:
    """The password kept in `home/demo.json` (mode 0600), made on first use."""
    path = home / "demo.json"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({"password": f"lepton-{secrets.token_hex(4)}"}))
    return json.loads(path.read_text())["password"]
