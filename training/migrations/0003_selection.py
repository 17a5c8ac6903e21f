"""The macro AUC of an evaluation, measured backbones, the selection of one."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_emaillink"),
        ("engagements", "0003_plan_and_desk"),
        ("training", "0002_isolation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.AddField(
                model_name="evaluation",
                name="macro_auc",
                field=models.FloatField(null=True),
            ),
            migrations.AddField(
                model_name="evaluation",
                name="macro_auc_high",
                field=models.FloatField(null=True),
            ),
            migrations.AddField(
                model_name="evaluation",
                name="macro_auc_low",
                field=models.FloatField(null=True),
            ),
        ),
        AtOnce(
            migrations.CreateModel(
                name="BackboneMeasurement",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("backbone", models.CharField(max_length=40)),
                    ("host", models.CharField(max_length=200)),
                    ("device", models.CharField(max_length=40)),
                    ("runtime", models.CharField(max_length=80)),
                    ("pretrained", models.BooleanField()),
                    ("parameters", models.BigIntegerField()),
                    ("multiply_adds", models.BigIntegerField()),
                    ("memory_bytes", models.BigIntegerField()),
                    ("latency_ms", models.FloatField()),
                    ("latency_p95_ms", models.FloatField()),
                    ("images", models.PositiveIntegerField()),
                    ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    "indexes": [
                        models.Index(
                            fields=["backbone", "device", "-at"], name="measurements_newest"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ModelSelection",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("created_by_label", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("iteration", models.PositiveIntegerField()),
                    ("backbone", models.CharField(max_length=40)),
                    ("method", models.CharField(max_length=20)),
                    ("reason", models.TextField(max_length=2000)),
                    ("recommended", models.JSONField(default=dict)),
                    (
                        "created_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "engagement",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="selections",
                            to="engagements.engagement",
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
                options={"base_manager_name": "objects", "abstract": False},
            ),
        ),
    ]
