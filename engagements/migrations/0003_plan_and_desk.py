"""The plan of an engagement, how it stands, what it costs, and webhooks."""

import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.scoping
import engagements.models.engagement
from lepton.lib.migrations import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("engagements", "0002_isolation"),
    ]

    operations = [
        AtOnce(
            migrations.CreateModel(
                name="ActionItem",
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
                    (
                        "phase",
                        models.CharField(
                            choices=[
                                ("poc", "PoC"),
                                ("fine_tuning", "Fine-tuning"),
                                ("deployment", "Deployment"),
                                ("monitoring", "Monitoring"),
                                ("customer_training", "Customer training"),
                                ("go_live", "Go-live"),
                                ("optimisation", "Continuous optimisation"),
                                ("feedback", "Customer feedback"),
                                ("data_iteration", "Data iteration"),
                            ],
                            max_length=20,
                            verbose_name="phase",
                        ),
                    ),
                    (
                        "is_private",
                        models.BooleanField(default=False, verbose_name="private to the vendor"),
                    ),
                    ("title", models.CharField(max_length=200, verbose_name="title")),
                    (
                        "detail",
                        models.TextField(blank=True, max_length=4000, verbose_name="detail"),
                    ),
                    (
                        "side",
                        models.CharField(
                            choices=[("vendor", "Vendor"), ("customer", "Customer")],
                            max_length=10,
                            verbose_name="side",
                        ),
                    ),
                    (
                        "is_required",
                        models.BooleanField(default=True, verbose_name="guards its phase"),
                    ),
                    ("due_on", models.DateField(blank=True, null=True, verbose_name="due")),
                    ("done_at", models.DateTimeField(null=True)),
                    ("done_by_label", models.CharField(blank=True, max_length=200)),
                    ("dropped_at", models.DateTimeField(null=True)),
                    ("dropped_reason", models.CharField(blank=True, max_length=500)),
                    (
                        "assignee",
                        models.ForeignKey(
                            blank=True,
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
                            related_name="%(class)ss",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                },
            ),
            migrations.CreateModel(
                name="ActionDependency",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
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
                        "item",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="dependencies",
                            to="engagements.actionitem",
                        ),
                    ),
                    (
                        "needs",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="dependents",
                            to="engagements.actionitem",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("item"), models.F("needs"), name="a_dependency_is_named_once"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("item", models.F("needs")), _negated=True),
                            name="nothing_waits_for_itself",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="Ask",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("kind", models.CharField(max_length=40)),
                    ("params", models.JSONField(default=dict)),
                    ("url", models.CharField(max_length=300)),
                    (
                        "side",
                        models.CharField(
                            choices=[("vendor", "Vendor"), ("customer", "Customer")], max_length=10
                        ),
                    ),
                    ("due_on", models.DateField(null=True)),
                    ("since", models.DateTimeField(default=django.utils.timezone.now)),
                    (
                        "engagement",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="asks",
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
                    (
                        "user",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [models.Index(fields=["user", "due_on"], name="asks_of_a_person")],
                },
            ),
            migrations.CreateModel(
                name="ChangeRequest",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("created_by_label", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("proposed", models.JSONField()),
                    (
                        "side",
                        models.CharField(
                            choices=[("vendor", "Vendor"), ("customer", "Customer")], max_length=10
                        ),
                    ),
                    ("reason", models.TextField(max_length=2000, verbose_name="reason")),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("proposed", "Proposed"),
                                ("accepted", "Accepted"),
                                ("declined", "Declined"),
                                ("withdrawn", "Withdrawn"),
                            ],
                            default="proposed",
                            max_length=10,
                        ),
                    ),
                    ("decided_by_label", models.CharField(blank=True, max_length=200)),
                    ("decided_at", models.DateTimeField(null=True)),
                    ("decision_reason", models.TextField(blank=True, max_length=2000)),
                    (
                        "based_on",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="engagements.requirement",
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
                        "decided_by",
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
                            related_name="change_requests",
                            to="engagements.engagement",
                        ),
                    ),
                    (
                        "result",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="change_request",
                            to="engagements.requirement",
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
                            models.F("engagement"),
                            condition=models.Q(("state", "proposed")),
                            name="one_undecided_change_request",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Decision",
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
                    (
                        "phase",
                        models.CharField(
                            choices=[
                                ("poc", "PoC"),
                                ("fine_tuning", "Fine-tuning"),
                                ("deployment", "Deployment"),
                                ("monitoring", "Monitoring"),
                                ("customer_training", "Customer training"),
                                ("go_live", "Go-live"),
                                ("optimisation", "Continuous optimisation"),
                                ("feedback", "Customer feedback"),
                                ("data_iteration", "Data iteration"),
                            ],
                            max_length=20,
                            verbose_name="phase",
                        ),
                    ),
                    (
                        "is_private",
                        models.BooleanField(default=False, verbose_name="private to the vendor"),
                    ),
                    ("title", models.CharField(max_length=200, verbose_name="decision")),
                    ("reason", models.TextField(max_length=4000, verbose_name="reason")),
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
                            related_name="%(class)ss",
                            to="engagements.engagement",
                        ),
                    ),
                    (
                        "replaces",
                        models.OneToOneField(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="replaced_by",
                            to="engagements.decision",
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
            migrations.CreateModel(
                name="Document",
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
                    (
                        "phase",
                        models.CharField(
                            choices=[
                                ("poc", "PoC"),
                                ("fine_tuning", "Fine-tuning"),
                                ("deployment", "Deployment"),
                                ("monitoring", "Monitoring"),
                                ("customer_training", "Customer training"),
                                ("go_live", "Go-live"),
                                ("optimisation", "Continuous optimisation"),
                                ("feedback", "Customer feedback"),
                                ("data_iteration", "Data iteration"),
                            ],
                            max_length=20,
                            verbose_name="phase",
                        ),
                    ),
                    (
                        "is_private",
                        models.BooleanField(default=False, verbose_name="private to the vendor"),
                    ),
                    ("title", models.CharField(max_length=200, verbose_name="title")),
                    ("file_name", models.CharField(max_length=200)),
                    ("content_type", models.CharField(max_length=100)),
                    ("size_bytes", models.BigIntegerField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("storage_key", models.CharField(max_length=300)),
                    ("removed_at", models.DateTimeField(null=True)),
                    ("removed_by_label", models.CharField(blank=True, max_length=200)),
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
                            related_name="%(class)ss",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                },
            ),
            migrations.CreateModel(
                name="EngagementTemplate",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("key", models.SlugField(max_length=40, unique=True)),
                    ("name", models.CharField(max_length=80, verbose_name="name")),
                    (
                        "description",
                        models.TextField(blank=True, max_length=500, verbose_name="description"),
                    ),
                    (
                        "phases",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(
                                choices=[
                                    ("poc", "PoC"),
                                    ("fine_tuning", "Fine-tuning"),
                                    ("deployment", "Deployment"),
                                    ("monitoring", "Monitoring"),
                                    ("customer_training", "Customer training"),
                                    ("go_live", "Go-live"),
                                    ("optimisation", "Continuous optimisation"),
                                    ("feedback", "Customer feedback"),
                                    ("data_iteration", "Data iteration"),
                                ],
                                max_length=20,
                            ),
                            default=list,
                            size=None,
                        ),
                    ),
                    ("items", models.JSONField(default=list)),
                    ("milestones", models.JSONField(default=list)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("retired_at", models.DateTimeField(null=True)),
                    (
                        "created_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Event",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("kind", models.CharField(max_length=40)),
                    ("at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("data", models.JSONField(default=dict)),
                    (
                        "engagement",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="events",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [models.Index(fields=["tenant", "-at"], name="events_newest")],
                },
            ),
            migrations.CreateModel(
                name="Iteration",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.PositiveIntegerField()),
                    ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("facts", models.JSONField(default=dict)),
                    (
                        "engagement",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="iterations",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("engagement"), models.F("number"), name="iterations_count_up"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Milestone",
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
                    (
                        "phase",
                        models.CharField(
                            choices=[
                                ("poc", "PoC"),
                                ("fine_tuning", "Fine-tuning"),
                                ("deployment", "Deployment"),
                                ("monitoring", "Monitoring"),
                                ("customer_training", "Customer training"),
                                ("go_live", "Go-live"),
                                ("optimisation", "Continuous optimisation"),
                                ("feedback", "Customer feedback"),
                                ("data_iteration", "Data iteration"),
                            ],
                            max_length=20,
                            verbose_name="phase",
                        ),
                    ),
                    (
                        "is_private",
                        models.BooleanField(default=False, verbose_name="private to the vendor"),
                    ),
                    ("title", models.CharField(max_length=200, verbose_name="title")),
                    ("due_on", models.DateField(blank=True, null=True, verbose_name="due")),
                    ("reached_at", models.DateTimeField(null=True)),
                    ("reached_by_label", models.CharField(blank=True, max_length=200)),
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
                            related_name="%(class)ss",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                },
            ),
            migrations.CreateModel(
                name="RateCard",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.PositiveIntegerField(unique=True)),
                    (
                        "valid_from",
                        models.DateField(
                            default=django.utils.timezone.localdate, verbose_name="valid from"
                        ),
                    ),
                    (
                        "currency",
                        models.CharField(default="EUR", max_length=3, verbose_name="currency"),
                    ),
                    (
                        "gpu_hour_cents",
                        models.DecimalField(
                            blank=True,
                            decimal_places=4,
                            max_digits=12,
                            null=True,
                            validators=[django.core.validators.MinValueValidator(0)],
                            verbose_name="GPU hour",
                        ),
                    ),
                    (
                        "cpu_hour_cents",
                        models.DecimalField(
                            blank=True,
                            decimal_places=4,
                            max_digits=12,
                            null=True,
                            validators=[django.core.validators.MinValueValidator(0)],
                            verbose_name="CPU hour",
                        ),
                    ),
                    (
                        "thousand_predictions_cents",
                        models.DecimalField(
                            blank=True,
                            decimal_places=4,
                            max_digits=12,
                            null=True,
                            validators=[django.core.validators.MinValueValidator(0)],
                            verbose_name="1,000 predictions",
                        ),
                    ),
                    (
                        "gb_month_cents",
                        models.DecimalField(
                            blank=True,
                            decimal_places=4,
                            max_digits=12,
                            null=True,
                            validators=[django.core.validators.MinValueValidator(0)],
                            verbose_name="GB and month",
                        ),
                    ),
                    (
                        "staff_day_cents",
                        models.DecimalField(
                            blank=True,
                            decimal_places=4,
                            max_digits=12,
                            null=True,
                            validators=[django.core.validators.MinValueValidator(0)],
                            verbose_name="staff day",
                        ),
                    ),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    (
                        "created_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Rating",
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
                        "score",
                        models.PositiveSmallIntegerField(
                            validators=[
                                django.core.validators.MinValueValidator(1),
                                django.core.validators.MaxValueValidator(5),
                            ]
                        ),
                    ),
                    ("comment", models.TextField(blank=True, max_length=2000)),
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
                        "milestone",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="ratings",
                            to="engagements.milestone",
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
                            models.F("milestone"),
                            models.F("created_by"),
                            name="a_person_rates_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("score__gte", 1), ("score__lte", 5)),
                            name="a_rating_is_1_to_5",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="StaffTime",
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
                    (
                        "on",
                        models.DateField(
                            default=django.utils.timezone.localdate, verbose_name="day"
                        ),
                    ),
                    (
                        "hours",
                        models.DecimalField(decimal_places=2, max_digits=4, verbose_name="hours"),
                    ),
                    ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
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
                            related_name="staff_times",
                            to="engagements.engagement",
                        ),
                    ),
                    (
                        "person",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
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
                        models.CheckConstraint(
                            condition=models.Q(("hours__gt", 0), ("hours__lte", 24)),
                            name="a_day_has_24_hours",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Standing",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("refreshed_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("blocking_key", models.CharField(blank=True, max_length=60)),
                    ("blocking_words", models.TextField(blank=True)),
                    ("unmet", models.PositiveSmallIntegerField(default=0)),
                    ("health", models.DecimalField(decimal_places=1, max_digits=4, null=True)),
                    ("health_inputs", models.JSONField(default=list)),
                    ("metric", models.JSONField(null=True)),
                    ("overdue_vendor", models.PositiveIntegerField(default=0)),
                    ("overdue_customer", models.PositiveIntegerField(default=0)),
                    ("cost_cents", models.BigIntegerField(null=True)),
                    ("satisfaction", models.FloatField(null=True)),
                    (
                        "engagement",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="standing",
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
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [models.Index(fields=["refreshed_at"], name="standings_oldest")],
                },
            ),
            migrations.CreateModel(
                name="Webhook",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("created_by_label", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("url", models.URLField(max_length=500, verbose_name="address")),
                    (
                        "description",
                        models.CharField(blank=True, max_length=200, verbose_name="description"),
                    ),
                    (
                        "events",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40),
                            size=None,
                            verbose_name="events",
                        ),
                    ),
                    ("secret", models.CharField(max_length=80)),
                    ("is_active", models.BooleanField(default=True)),
                    ("removed_at", models.DateTimeField(null=True)),
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
            migrations.CreateModel(
                name="Delivery",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("pending", "Pending"),
                                ("delivered", "Delivered"),
                                ("failed", "Failed"),
                            ],
                            default="pending",
                            max_length=10,
                        ),
                    ),
                    ("attempts", models.PositiveSmallIntegerField(default=0)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("claimed_until", models.DateTimeField(null=True)),
                    ("delivered_at", models.DateTimeField(null=True)),
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
                        "event",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="deliveries",
                            to="engagements.event",
                        ),
                    ),
                    (
                        "webhook",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="deliveries",
                            to="engagements.webhook",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "indexes": [
                        models.Index(fields=["state", "next_attempt_at"], name="deliveries_due")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("webhook"), models.F("event"), name="one_delivery_per_event"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="DeliveryAttempt",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("number", models.PositiveSmallIntegerField()),
                    ("at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("status_code", models.PositiveSmallIntegerField(null=True)),
                    ("words", models.CharField(blank=True, max_length=500)),
                    ("duration_ms", models.PositiveIntegerField(default=0)),
                    (
                        "delivery",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tries",
                            to="engagements.delivery",
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
                    "ordering": ["number"],
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("delivery"), models.F("number"), name="attempts_count_up"
                        )
                    ],
                },
            ),
        ),
        migrations.RemoveConstraint(
            model_name="acceptancecontract",
            name="a_contract_names_a_metric",
        ),
        AtOnce(
            migrations.AddField(
                model_name="acceptancecontract",
                name="macro_auc_target",
                field=models.DecimalField(
                    blank=True,
                    decimal_places=4,
                    max_digits=5,
                    null=True,
                    validators=[
                        django.core.validators.MinValueValidator(Decimal("0.0001")),
                        django.core.validators.MaxValueValidator(Decimal("0.9999")),
                    ],
                ),
            ),
            migrations.AddField(
                model_name="engagement",
                name="budget_cents",
                field=models.BigIntegerField(blank=True, null=True, verbose_name="budget"),
            ),
            migrations.AddField(
                model_name="engagement",
                name="phases",
                field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(
                        choices=[
                            ("poc", "PoC"),
                            ("fine_tuning", "Fine-tuning"),
                            ("deployment", "Deployment"),
                            ("monitoring", "Monitoring"),
                            ("customer_training", "Customer training"),
                            ("go_live", "Go-live"),
                            ("optimisation", "Continuous optimisation"),
                            ("feedback", "Customer feedback"),
                            ("data_iteration", "Data iteration"),
                        ],
                        max_length=20,
                    ),
                    default=engagements.models.engagement.every_phase,
                    size=None,
                ),
            ),
            migrations.AddField(
                model_name="engagement",
                name="price_cents",
                field=models.BigIntegerField(blank=True, null=True, verbose_name="price"),
            ),
            migrations.AddField(
                model_name="requirement",
                name="acceptance_owner",
                field=models.CharField(blank=True, max_length=120, verbose_name="acceptance owner"),
            ),
            migrations.AddField(
                model_name="requirement",
                name="business_process",
                field=models.TextField(
                    blank=True, max_length=4000, verbose_name="business process"
                ),
            ),
            migrations.AddField(
                model_name="requirement",
                name="data_format",
                field=models.CharField(blank=True, max_length=500, verbose_name="data format"),
            ),
            migrations.AddField(
                model_name="requirement",
                name="false_negative_cents",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="false_positive_cents",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="minimum_recalls",
                field=models.JSONField(blank=True, default=dict),
            ),
            migrations.AddField(
                model_name="requirement",
                name="p95_latency_ms",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="retention_days",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="review_cents",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="sensitivity",
                field=models.CharField(
                    blank=True,
                    choices=[
                        ("public", "Public"),
                        ("internal", "Internal"),
                        ("confidential", "Confidential"),
                        ("personal", "Personal data"),
                        ("health", "Health data"),
                    ],
                    max_length=20,
                ),
            ),
            migrations.AddField(
                model_name="requirement",
                name="stated_images",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="requirement",
                name="stated_shares",
                field=models.JSONField(blank=True, default=dict),
            ),
            migrations.AddField(
                model_name="requirement",
                name="volume_per_day",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="timelineentry",
                name="is_private",
                field=models.BooleanField(default=False),
            ),
        ),
        migrations.AlterField(
            model_name="requirement",
            name="metric",
            field=models.CharField(
                choices=[
                    ("accuracy", "Accuracy"),
                    ("macro_f1", "Macro F1"),
                    ("macro_auc", "Macro AUC"),
                ],
                default="accuracy",
                max_length=20,
                verbose_name="metric",
            ),
        ),
        migrations.AlterField(
            model_name="signoff",
            name="kind",
            field=models.CharField(
                choices=[
                    ("requirement", "Requirement"),
                    ("contract", "Acceptance contract"),
                    ("go_live", "Go-live"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="acceptancecontract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accuracy_target__isnull", False),
                    ("macro_f1_target__isnull", False),
                    ("macro_auc_target__isnull", False),
                    _connector="OR",
                ),
                name="a_contract_names_a_metric",
            ),
        ),
        AtOnce(
            migrations.AddField(
                model_name="actionitem",
                name="needs",
                field=models.ManyToManyField(
                    related_name="needed_by",
                    through="engagements.ActionDependency",
                    to="engagements.actionitem",
                ),
            ),
            migrations.AddField(
                model_name="engagement",
                name="template",
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to="engagements.engagementtemplate",
                ),
            ),
            migrations.AddField(
                model_name="engagement",
                name="rate_card",
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to="engagements.ratecard",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="actionitem",
            index=models.Index(fields=["engagement", "done_at", "due_on"], name="items_open"),
        ),
        migrations.AddConstraint(
            model_name="actionitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_private", False), ("side", "vendor"), _connector="OR"),
                name="what_the_customer_owes_is_shared",
            ),
        ),
    ]
