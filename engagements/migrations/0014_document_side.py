"""A document says whose it is: who was staff may have left, and a key is nobody's account."""

from django.db import migrations, models

# Row level security is forced for the owner as well, so it is lifted for this one statement.
PRESENT_DOCUMENTS = """
ALTER TABLE engagements_document NO FORCE ROW LEVEL SECURITY;
UPDATE engagements_document SET side = 'customer'
WHERE CASE WHEN created_by_id IS NULL THEN created_by_label <> 'Lepton'
  ELSE created_by_id IN (SELECT id FROM accounts_user WHERE staff_role = '') END;
ALTER TABLE engagements_document FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("engagements", "0013_hours_of_a_day")]
    operations = [
        migrations.AddField(
            model_name="document",
            name="side",
            field=models.CharField(
                choices=[("vendor", "Vendor"), ("customer", "Customer")],
                default="vendor",
                max_length=10,
                verbose_name="side",
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(PRESENT_DOCUMENTS, migrations.RunSQL.noop),
    ]
