"""What a prediction said is kept with each answer to it, so that sums need no look at predictions."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.isolation import ProtectTenantTables
from lepton.lib.migrations import AtOnce

# Row level security is forced for the owner as well, so it is lifted for this one statement. The
# new references are checked at once: a table with checks to come cannot be altered.
FILL_IN = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE feedback_feedback NO FORCE ROW LEVEL SECURITY;
ALTER TABLE serving_prediction NO FORCE ROW LEVEL SECURITY;
ALTER TABLE serving_endpoint NO FORCE ROW LEVEL SECURITY;
ALTER TABLE training_modelversion NO FORCE ROW LEVEL SECURITY;
UPDATE feedback_feedback AS given
SET endpoint_id = asked.endpoint_id, model_version_id = asked.model_version_id,
  predicted_at = asked.at, predicted_label = asked.label
FROM serving_prediction AS asked WHERE asked.id = given.prediction_id;
ALTER TABLE feedback_feedback FORCE ROW LEVEL SECURITY;
ALTER TABLE serving_prediction FORCE ROW LEVEL SECURITY;
ALTER TABLE serving_endpoint FORCE ROW LEVEL SECURITY;
ALTER TABLE training_modelversion FORCE ROW LEVEL SECURITY;
"""
CASCADE, PROTECT = django.db.models.deletion.CASCADE, django.db.models.deletion.PROTECT


def _field(name, kind, **details):
    return {"model_name": "feedback", "name": name, "field": kind(**details)}


def _reference(name, to, on_delete, **details):
    return _field(name, models.ForeignKey, to=to, on_delete=on_delete, related_name="+", **details)


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0011_protected_slices"),
        ("serving", "0012_bulk_references"),
        ("training", "0016_isolation_of_label_changes"),
    ]
    operations = [
        AtOnce(
            migrations.AddField(**_reference("endpoint", "serving.endpoint", CASCADE, null=True)),
            migrations.AddField(
                **_reference("model_version", "training.modelversion", PROTECT, null=True)
            ),
            migrations.AddField(**_field("predicted_at", models.DateTimeField, null=True)),
            migrations.AddField(
                **_field("predicted_label", models.CharField, max_length=80, default="")
            ),
        ),
        migrations.RunSQL(FILL_IN, migrations.RunSQL.noop),
        migrations.AlterField(**_reference("endpoint", "serving.endpoint", CASCADE)),
        migrations.AlterField(**_reference("model_version", "training.modelversion", PROTECT)),
        migrations.AlterField(**_field("predicted_at", models.DateTimeField)),
        migrations.AlterField(**_field("predicted_label", models.CharField, max_length=80)),
        migrations.AddIndex(
            "feedback",
            models.Index(
                "endpoint",
                "predicted_at",
                condition=models.Q(superseded_at=None),
                name="standing_feedback_by_time",
            ),
        ),
        ProtectTenantTables(),
    ]
