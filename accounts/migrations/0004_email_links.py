"""Isolation of email links, and their look-up before a tenant is known."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_emaillink")]
    operations = [
        ProtectTenantTables(
            append_only=["auditentry"],
            portfolio=["tenant"],
            system=["tenant", "membership", "apikey", "emaillink"],
        ),
        SystemFunction(
            "lepton_email_link",
            "p_token_sha256 text",
            "TABLE (id uuid, tenant_id uuid)",
            "SELECT l.id, l.tenant_id FROM accounts_emaillink l"
            " WHERE l.token_sha256 = p_token_sha256",
        ),
    ]
