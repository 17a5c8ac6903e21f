"""Slices of the holdout that a challenger must not lose."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0010_isolation_of_tickets"),
    ]

    operations = [
        migrations.AddField(
            model_name="iterationpolicy",
            name="protected_slices",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=261),
                blank=True,
                default=list,
                size=None,
                verbose_name="protected slices",
            ),
        ),
    ]
