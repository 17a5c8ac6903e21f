"""Search, ensembles and distillation: trials, sources, and when a row was last claimed."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("engagements", "0005_standard_templates"),
        ("training", "0010_what_a_run_belongs_to"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.CreateModel(
                name="RunSource",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("position", models.PositiveSmallIntegerField()),
                    (
                        "model_version",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="went_into",
                            to="training.modelversion",
                        ),
                    ),
                    (
                        "run",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="sources",
                            to="training.run",
                        ),
                    ),
                    (
                        "tenant",
                        models.ForeignKey(
                            default=accounts.scoping.active_tenant_id,
                            editable=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="accounts.tenant",
                        ),
                    ),
                ],
                options={
                    "ordering": ["position"],
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("run"),
                            models.F("model_version"),
                            name="a_source_is_named_once",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Trial",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.PositiveIntegerField()),
                    ("params", models.JSONField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("running", "Running"),
                                ("finished", "Finished"),
                                ("pruned", "Stopped early"),
                                ("failed", "Failed"),
                            ],
                            max_length=8,
                        ),
                    ),
                    ("loss", models.FloatField(null=True)),
                    ("accuracy", models.FloatField(null=True)),
                    ("steps", models.JSONField(default=list)),
                    ("seconds", models.FloatField(default=0)),
                    ("cause", models.TextField(blank=True)),
                    ("at", models.DateTimeField(auto_now=True)),
                    (
                        "run",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="trials",
                            to="training.run",
                        ),
                    ),
                    (
                        "tenant",
                        models.ForeignKey(
                            default=accounts.scoping.active_tenant_id,
                            editable=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="accounts.tenant",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("run"), models.F("number"), name="one_row_per_trial"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "finished"), _negated=True),
                                ("loss__isnull", False),
                                _connector="OR",
                            ),
                            name="a_finished_trial_has_a_loss",
                        ),
                    ],
                },
            ),
        ),
        migrations.RemoveIndex(
            model_name="import",
            name="imports_by_turn",
        ),
        migrations.RemoveIndex(
            model_name="run",
            name="runs_by_turn",
        ),
        AtOnce(
            migrations.AddField(
                model_name="import",
                name="claimed_at",
                field=models.DateTimeField(null=True),
            ),
            migrations.AddField(
                model_name="run",
                name="claimed_at",
                field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="method",
            field=models.CharField(
                choices=[
                    ("linear_probe", "Linear probe"),
                    ("fine_tune", "Fine-tune"),
                    ("search", "Search"),
                    ("ensemble", "Ensemble"),
                    ("distillation", "Distillation"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="method",
            field=models.CharField(
                choices=[
                    ("linear_probe", "Linear probe"),
                    ("fine_tune", "Fine-tune"),
                    ("search", "Search"),
                    ("ensemble", "Ensemble"),
                    ("distillation", "Distillation"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["tenant", "claimed_at"], name="imports_by_turn"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["tenant", "claimed_at"], name="runs_by_turn"),
        ),
    ]
