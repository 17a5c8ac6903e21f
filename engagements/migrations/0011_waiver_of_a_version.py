"""A waiver that lets a model version into production is of that version alone."""

from django.db import migrations, models

from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("engagements", "0010_response_times"),
    ]

    operations = [
        AtOnce(
            migrations.AddField(
                model_name="waiver",
                name="candidate_id",
                field=models.UUIDField(null=True),
            ),
            migrations.AddField(
                model_name="waiver",
                name="candidate_label",
                field=models.CharField(blank=True, max_length=200),
            ),
        ),
        migrations.RemoveConstraint(
            model_name="waiver",
            name="one_waiver_per_check",
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                models.F("engagement"),
                models.F("iteration"),
                models.F("phase"),
                models.F("check_key"),
                models.F("candidate_id"),
                name="one_waiver_per_check",
                nulls_distinct=False,
            ),
        ),
    ]
