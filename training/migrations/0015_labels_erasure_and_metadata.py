"""Who changed which label, which images were erased, and what is known of images besides."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("training", "0014_isolation_of_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.AddField(
                model_name="datasetversion",
                name="meta_names",
                field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=60), default=list, size=None
                ),
            ),
            migrations.AddField(
                model_name="image",
                name="erased_at",
                field=models.DateTimeField(null=True),
            ),
            migrations.AddField(
                model_name="item",
                name="meta",
                field=models.JSONField(blank=True, default=dict),
            ),
            migrations.AddField(
                model_name="versionitem",
                name="meta",
                field=models.JSONField(blank=True, default=dict),
            ),
        ),
        migrations.CreateModel(
            name="LabelChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_by_label", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("before", models.CharField(max_length=80)),
                ("label", models.CharField(max_length=80)),
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
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="label_changes",
                        to="training.dataset",
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="label_changes",
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
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
    ]
