"""Labelling in the browser, explanations of answers, and what images are like."""

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
        ("training", "0012_turns_between_trials"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.CreateModel(
                name="Explanation",
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
                        "method",
                        models.CharField(
                            choices=[
                                ("evidence", "Class activation map"),
                                ("grad_cam", "Grad-CAM"),
                                ("occlusion", "Occlusion"),
                                ("answer", "Answer"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("label", models.CharField(blank=True, max_length=80)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("queued", "Queued"),
                                ("running", "Running"),
                                ("succeeded", "Succeeded"),
                                ("failed", "Failed"),
                            ],
                            default="queued",
                            max_length=10,
                        ),
                    ),
                    ("scores", models.JSONField(null=True)),
                    ("heat", models.JSONField(null=True)),
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
                        "image",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="training.image",
                        ),
                    ),
                    (
                        "model_version",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="explanations",
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
                    "indexes": [
                        models.Index(
                            fields=["state", "lease_expires_at"], name="explanation_claimable"
                        ),
                        models.Index(fields=["tenant", "claimed_at"], name="explanations_by_turn"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("model_version"),
                            models.F("image"),
                            models.F("method"),
                            models.F("label"),
                            name="a_question_is_asked_once",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="ImageVector",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("network", models.CharField(max_length=40)),
                    ("weights", models.CharField(max_length=16)),
                    ("vector", models.BinaryField(max_length=256)),
                    (
                        "image",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="vectors",
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
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("image"),
                            models.F("network"),
                            models.F("weights"),
                            name="an_image_has_one_vector_per_network",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="LabelEntry",
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
                        "kind",
                        models.CharField(
                            choices=[
                                ("label", "Labelled"),
                                ("skip", "Skipped"),
                                ("undo", "Taken back"),
                            ],
                            max_length=5,
                        ),
                    ),
                    ("label", models.CharField(blank=True, max_length=80)),
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
                        "item",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="label_entries",
                            to="training.item",
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
                        "undoes",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="undone_by",
                            to="training.labelentry",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [
                        models.Index(fields=["item", "created_at"], name="label_entries_by_item")
                    ],
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("kind", "label"), _negated=True),
                                models.Q(("label", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="a_label_entry_names_its_label",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("kind", "undo"), ("undoes__isnull", False)),
                                models.Q(
                                    models.Q(("kind", "undo"), _negated=True), ("undoes", None)
                                ),
                                _connector="OR",
                            ),
                            name="only_an_undo_takes_back",
                        ),
                    ],
                },
            ),
        ),
        AtOnce(
            migrations.AddField(
                model_name="item",
                name="held_by",
                field=models.CharField(blank=True, max_length=200),
            ),
            migrations.AddField(
                model_name="item",
                name="held_until",
                field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AlterField(
            model_name="importrow",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("accepted", "Accepted"),
                    ("unlabelled", "To be labelled"),
                    ("duplicate", "Duplicate"),
                    ("conflict", "Label conflict"),
                    ("corrupt", "Unreadable"),
                    ("too_small", "Too small"),
                    ("too_large", "Too large"),
                    ("unknown_label", "Unknown label"),
                    ("ignored", "Ignored"),
                ],
                max_length=14,
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="label",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("is_excluded", False), ("label", "")),
                fields=["dataset", "path"],
                name="items_to_label",
            ),
        ),
        migrations.AddConstraint(
            model_name="versionitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("label", ""), _negated=True),
                name="what_a_version_holds_has_a_label",
            ),
        ),
    ]
