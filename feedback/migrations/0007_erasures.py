"""Requests to erase a subject, and the files that go."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("engagements", "0005_standard_templates"),
        ("feedback", "0006_isolation_of_review"),
        ("training", "0016_isolation_of_label_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.CreateModel(
                name="Erasure",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("created_by_label", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("attempt", models.PositiveIntegerField(default=0)),
                    ("claimed_by", models.CharField(blank=True, max_length=120)),
                    ("claimed_at", models.DateTimeField(null=True)),
                    ("lease_expires_at", models.DateTimeField(null=True)),
                    ("crashes", models.PositiveSmallIntegerField(default=0)),
                    ("cancel_requested_at", models.DateTimeField(null=True)),
                    ("started_at", models.DateTimeField(null=True)),
                    ("finished_at", models.DateTimeField(null=True)),
                    ("cause", models.TextField(blank=True, verbose_name="cause")),
                    ("hint", models.TextField(blank=True, verbose_name="hint")),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("reference", "Client reference of predictions"),
                                ("group", "Group of images (patient, part …)"),
                                ("image", "One image"),
                                ("prediction", "One prediction"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("subject", models.CharField(max_length=200)),
                    ("reason", models.TextField(max_length=2000)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("listed", "Waits for a confirmation"),
                                ("withdrawn", "Withdrawn"),
                                ("queued", "Queued"),
                                ("running", "Erasing"),
                                ("succeeded", "Erased"),
                            ],
                            default="listed",
                            max_length=10,
                        ),
                    ),
                    (
                        "others",
                        models.CharField(
                            blank=True,
                            choices=[("erase", "Erase them too"), ("keep", "Keep them")],
                            max_length=5,
                        ),
                    ),
                    ("touches", models.JSONField(default=dict)),
                    ("confirmed_at", models.DateTimeField(null=True)),
                    (
                        "confirmed_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
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
                            related_name="erasures",
                            to="engagements.engagement",
                        ),
                    ),
                    (
                        "receipt",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="engagements.document",
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
                    "indexes": [
                        models.Index(fields=["state", "lease_expires_at"], name="erasure_claimable")
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state__in", ["listed", "withdrawn"]),
                                models.Q(
                                    ("confirmed_at__isnull", False), ("confirmed_by__isnull", False)
                                ),
                                _connector="OR",
                            ),
                            name="nothing_is_erased_unconfirmed",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ErasedPiece",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[("image", "Image"), ("input", "Kept input")], max_length=10
                        ),
                    ),
                    ("sha256", models.CharField(max_length=64)),
                    ("storage_key", models.CharField(max_length=200)),
                    ("erased_at", models.DateTimeField(null=True)),
                    (
                        "image",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="training.image",
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
                    (
                        "erasure",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="pieces",
                            to="feedback.erasure",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [models.Index(fields=["tenant", "sha256"], name="erased_by_hash")],
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("erasure"),
                            models.F("storage_key"),
                            name="a_file_is_erased_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("kind", "image"), ("image", None), _connector="XOR"
                            ),
                            name="an_erased_image_is_named",
                        ),
                    ],
                },
            ),
        ),
    ]
