"""Isolation of what people learn; how anybody can check a certificate."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_practice_keys_are_known"),
        ("enablement", "0001_initial"),
    ]
    operations = [
        ProtectTenantTables(
            append_only=[
                "quizattempt",
                "practicalseen",
                "certificate",
                "practicecall",
                "surveyanswer",
            ],
            portfolio=["surveyanswer"],
            system=["certificate"],
        ),
        SystemFunction(
            "lepton_certificate",
            "p_code text",
            "TABLE (name text, course text, issued_at timestamptz)",
            "SELECT c.name, c.course, c.issued_at FROM enablement_certificate c"
            " WHERE c.code = p_code",
        ),
    ]
