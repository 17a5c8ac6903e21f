"""How soon tickets are answered, per engagement and template."""

from django.db import migrations, models

from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("engagements", "0009_ratings_in_the_portfolio"),
    ]

    operations = [
        AtOnce(
            migrations.AddField(
                model_name="engagement",
                name="response_hours",
                field=models.JSONField(blank=True, default=dict),
            ),
            migrations.AddField(
                model_name="engagementtemplate",
                name="response_hours",
                field=models.JSONField(blank=True, default=dict),
            ),
        ),
    ]
