"""How images look, which are alike, which labels are doubted."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import accounts.scoping
from lepton.lib.migrations import AtOnce

KEY = (
    "id",
    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
)
OPTIONS = {"base_manager_name": "objects", "abstract": False}


def tenant():
    return (
        "tenant",
        models.ForeignKey(
            default=accounts.scoping.active_tenant_id,
            editable=False,
            on_delete=django.db.models.deletion.CASCADE,
            related_name="+",
            to="accounts.tenant",
        ),
    )


def key(to, related_name="+", on_delete=django.db.models.deletion.CASCADE):
    return models.ForeignKey(on_delete=on_delete, related_name=related_name, to=to)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_email_links"), ("training", "0005_what_runs_used")]
    operations = [
        AtOnce(
            migrations.AddField("image", "brightness", models.FloatField(null=True)),
            migrations.AddField("image", "sharpness", models.FloatField(null=True)),
            migrations.AddField(
                "image", "thumbprint", models.BinaryField(max_length=1024, null=True)
            ),
            migrations.AddField("item", "is_excluded", models.BooleanField(default=False)),
            migrations.AddField("item", "label_checked_at", models.DateTimeField(null=True)),
            migrations.AddField(
                "datasetversion", "duplicates_across", models.PositiveIntegerField(default=0)
            ),
            migrations.AddField(
                "datasetversion", "duplicates_waiver", models.CharField(blank=True, max_length=500)
            ),
        ),
        migrations.AddIndex("item", models.Index(fields=["dataset", "path"], name="items_by_path")),
        AtOnce(
            migrations.CreateModel(
                name="NearDuplicate",
                fields=[
                    KEY,
                    tenant(),
                    ("similarity", models.FloatField()),
                    ("is_mirrored", models.BooleanField(default=False)),
                    ("dataset", key("training.dataset", "near_duplicates")),
                    ("first", key("training.item")),
                    ("second", key("training.item")),
                ],
                options=OPTIONS,
            ),
            migrations.CreateModel(
                name="LabelSuspect",
                fields=[
                    KEY,
                    tenant(),
                    ("label", models.CharField(max_length=80)),
                    ("suggested", models.CharField(max_length=80)),
                    ("margin", models.FloatField()),
                    ("run", key("training.run", "suspects")),
                    ("image", key("training.image", on_delete=django.db.models.deletion.PROTECT)),
                ],
                options=OPTIONS,
            ),
        ),
        migrations.AddConstraint(
            "nearduplicate",
            models.UniqueConstraint(
                models.F("first"), models.F("second"), name="a_pair_is_noted_once"
            ),
        ),
        migrations.AddConstraint(
            "labelsuspect",
            models.UniqueConstraint(
                models.F("run"), models.F("image"), name="one_suspicion_per_image"
            ),
        ),
    ]
