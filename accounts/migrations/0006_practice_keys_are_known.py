"""What is known of a presented key says whether it is for practice."""

from django.db import migrations

from accounts.isolation import SystemFunction


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_practice_keys")]
    operations = [
        # a function's columns can only be changed by making it anew
        migrations.RunSQL("DROP FUNCTION IF EXISTS lepton_api_key(text)", migrations.RunSQL.noop),
        SystemFunction(
            "lepton_api_key",
            "p_digest text",
            "TABLE (id uuid, tenant_id uuid, tenant_slug text, name text, scopes text[],"
            " expires_at timestamptz, revoked_at timestamptz, is_practice boolean)",
            "SELECT k.id, k.tenant_id, t.slug, k.name, k.scopes, k.expires_at, k.revoked_at,"
            " k.is_practice"
            " FROM accounts_apikey k JOIN accounts_tenant t ON t.id = k.tenant_id"
            " WHERE k.digest = p_digest",
        ),
    ]
