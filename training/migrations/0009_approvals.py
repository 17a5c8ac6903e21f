"""What ML engineers decide on model versions."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("training", "0008_fair_queue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelApproval",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_by_label", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "decision",
                    models.CharField(
                        choices=[("approved", "Approved"), ("rejected", "Rejected")], max_length=10
                    ),
                ),
                ("reason", models.TextField(max_length=2000)),
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
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="training.modelversion",
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
            },
        ),
        ProtectTenantTables(
            append_only=[
                "datasetversion",
                "versionitem",
                "evaluation",
                "evaluateditem",
                "modelselection",
                "modelapproval",
            ],
            portfolio=["evaluation", "modelversion"],
            system_writes=["run", "import"],
        ),
    ]
