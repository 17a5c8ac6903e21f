"""Replies kept for clients that ask again under the same Idempotency-Key."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import accounts.scoping
from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_isolation"),
        ("serving", "0002_isolation"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredReply",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key_sha256", models.CharField(max_length=64)),
                ("question_sha256", models.CharField(max_length=64)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("answering_until", models.DateTimeField()),
                ("headers", models.JSONField(default=list)),
                ("body", models.BinaryField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="serving.endpoint",
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
                "indexes": [models.Index(fields=["endpoint", "at"], name="stored_replies_oldest")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("endpoint"),
                        models.F("key_sha256"),
                        name="one_reply_per_idempotency_key",
                    )
                ],
            },
        ),
        ProtectTenantTables(),
    ]
