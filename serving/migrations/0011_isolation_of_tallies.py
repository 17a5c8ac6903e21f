"""Isolation of the tallies; how PostgreSQL marks hours to count, and how retention removes."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

MARK = """
CREATE FUNCTION lepton_mark_hours() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $f$ BEGIN
  INSERT INTO serving_duehour (id, tenant_id, endpoint_id, hour, changed_at)
  SELECT gen_random_uuid(), a.tenant_id, a.endpoint_id, date_trunc('hour', a.at, 'UTC'), now()
  FROM added a GROUP BY 2, 3, 4 ORDER BY 3, 4
  ON CONFLICT (endpoint_id, hour) DO UPDATE SET changed_at = excluded.changed_at;
  RETURN NULL;
END $f$;
CREATE TRIGGER mark_hours AFTER INSERT ON serving_prediction REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION lepton_mark_hours();
INSERT INTO serving_duehour (id, tenant_id, endpoint_id, hour, changed_at)
SELECT gen_random_uuid(), tenant_id, endpoint_id, date_trunc('hour', at, 'UTC'), now()
FROM serving_prediction GROUP BY 2, 3, 4
"""
UNMARK = "DROP TRIGGER mark_hours ON serving_prediction; DROP FUNCTION lepton_mark_hours()"
GRANT = """
CREATE POLICY system ON serving_prediction TO lepton_system USING (true);
GRANT SELECT, UPDATE, DELETE ON serving_prediction TO lepton_system
"""
REVOKE = """
DROP POLICY system ON serving_prediction;
REVOKE SELECT, UPDATE, DELETE ON serving_prediction FROM lepton_system
"""
REMOVE = """
DELETE FROM serving_prediction
WHERE tenant_id = nullif(current_setting('app.tenant', true), '')::uuid AND id = ANY(p_ids)
RETURNING id
"""
STRIP = """
UPDATE serving_prediction SET input_key = '', reference = ''
WHERE tenant_id = nullif(current_setting('app.tenant', true), '')::uuid AND id = ANY(p_ids)
RETURNING id
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0010_tallies")]
    operations = [
        ProtectTenantTables(system=["duehour"]),
        # The owner is bound by the policies too, and marks the hours of every tenant here.
        migrations.RunSQL(
            "ALTER TABLE serving_prediction NO FORCE ROW LEVEL SECURITY;"
            "ALTER TABLE serving_duehour NO FORCE ROW LEVEL SECURITY",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(MARK, UNMARK),
        migrations.RunSQL(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"
            "ALTER TABLE serving_prediction FORCE ROW LEVEL SECURITY;"
            "ALTER TABLE serving_duehour FORCE ROW LEVEL SECURITY",
            migrations.RunSQL.noop,
        ),
        # Predictions are never changed by the app; these two alone obey the retention rule.
        migrations.RunSQL(GRANT, REVOKE),
        SystemFunction("lepton_remove_predictions", "p_ids uuid[]", "TABLE (id uuid)", REMOVE),
        SystemFunction("lepton_strip_predictions", "p_ids uuid[]", "TABLE (id uuid)", STRIP),
    ]
