"""The database tells the data planes whenever what they answer by has changed, whoever did it."""

from django.db import migrations

TABLES = ("serving_endpoint", "serving_deployment", "serving_challenger")
TELL = """
CREATE FUNCTION lepton_announce_deployments() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $f$ BEGIN
  PERFORM pg_notify('lepton_deployments', '');
  RETURN NULL;
END $f$
"""
OF_A_TABLE = """
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION lepton_announce_deployments();
CREATE TRIGGER announce_emptied AFTER TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION lepton_announce_deployments()
"""
NOT_OF_A_TABLE = """
DROP TRIGGER announce ON {table};
DROP TRIGGER announce_emptied ON {table}
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0012_bulk_references")]
    operations = [
        migrations.RunSQL(TELL, "DROP FUNCTION lepton_announce_deployments()"),
        *(
            migrations.RunSQL(OF_A_TABLE.format(table=table), NOT_OF_A_TABLE.format(table=table))
            for table in TABLES
        ),
    ]
