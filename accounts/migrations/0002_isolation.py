"""Rights of the app role, isolation of the tenant tables, look-ups before a tenant is known."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lepton_app') THEN
    CREATE ROLE lepton_app NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lepton_system') THEN
    CREATE ROLE lepton_system NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, 'lepton_app', 'SET') THEN
    EXECUTE format('GRANT lepton_app TO %I', current_user);
  END IF;
  IF NOT pg_has_role(current_user, 'lepton_system', 'SET') THEN
    EXECUTE format('GRANT lepton_system TO %I', current_user);
  END IF;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lepton_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO lepton_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lepton_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO lepton_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM lepton_app;
REVOKE UPDATE, DELETE ON accounts_platformauditentry FROM lepton_app;
"""
TENANT_ROW = "TABLE (id uuid, slug text, name text, role text)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        ProtectTenantTables(
            append_only=["auditentry"],
            portfolio=["tenant"],
            system=["tenant", "membership", "apikey"],
        ),
        SystemFunction(
            "lepton_tenant_for",
            "p_user uuid, p_slug text",
            TENANT_ROW,
            "SELECT t.id, t.slug, t.name, m.role FROM accounts_tenant t"
            " LEFT JOIN accounts_membership m ON m.tenant_id = t.id AND m.user_id = p_user"
            " WHERE t.slug = p_slug",
        ),
        SystemFunction(
            "lepton_tenants_of",
            "p_user uuid",
            TENANT_ROW,
            "SELECT t.id, t.slug, t.name, m.role FROM accounts_tenant t"
            " JOIN accounts_membership m ON m.tenant_id = t.id AND m.user_id = p_user"
            " ORDER BY t.name",
        ),
        SystemFunction(
            "lepton_api_key",
            "p_digest text",
            "TABLE (id uuid, tenant_id uuid, tenant_slug text, name text, scopes text[],"
            " expires_at timestamptz, revoked_at timestamptz)",
            "SELECT k.id, k.tenant_id, t.slug, k.name, k.scopes, k.expires_at, k.revoked_at"
            " FROM accounts_apikey k JOIN accounts_tenant t ON t.id = k.tenant_id"
            " WHERE k.digest = p_digest",
        ),
    ]
