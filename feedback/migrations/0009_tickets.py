"""Tickets and what is said in them."""

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
        ("engagements", "0010_response_times"),
        ("feedback", "0008_isolation_of_erasures"),
        ("serving", "0003_idempotency"),
        ("training", "0016_isolation_of_label_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            migrations.CreateModel(
                name="Ticket",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("created_by_label", models.CharField(max_length=200)),
                    ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("number", models.PositiveIntegerField()),
                    ("subject", models.CharField(max_length=200, verbose_name="subject")),
                    (
                        "severity",
                        models.CharField(
                            choices=[
                                ("critical", "Nothing works"),
                                ("high", "An important part does not work"),
                                ("normal", "Something is not as it should be"),
                                ("low", "A question"),
                            ],
                            default="normal",
                            max_length=10,
                            verbose_name="how bad is it",
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("open", "Open"),
                                ("waiting", "Waits for the customer"),
                                ("resolved", "Resolved"),
                                ("reopened", "Reopened"),
                            ],
                            default="open",
                            max_length=10,
                        ),
                    ),
                    ("first_due_at", models.DateTimeField()),
                    ("first_response_at", models.DateTimeField(null=True)),
                    ("answer_due_at", models.DateTimeField(null=True)),
                    ("resolved_at", models.DateTimeField(null=True)),
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
                            related_name="tickets",
                            to="engagements.engagement",
                        ),
                    ),
                    (
                        "model_version",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="tickets",
                            to="training.modelversion",
                        ),
                    ),
                    (
                        "prediction",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="tickets",
                            to="serving.prediction",
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
                        models.Index(fields=["engagement", "state"], name="tickets_by_state")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("tenant"), models.F("number"), name="tickets_count_up"
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("state", "resolved"), ("resolved_at", None), _connector="XOR"
                            ),
                            name="a_resolved_ticket_says_when",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("answer_due_at", None),
                                models.Q(("state__in", ["waiting", "resolved"]), _negated=True),
                                _connector="OR",
                            ),
                            name="an_answer_is_due_while_it_is_the_vendor_s_turn",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="TicketMessage",
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
                        "side",
                        models.CharField(
                            choices=[("vendor", "Vendor"), ("customer", "Customer")], max_length=10
                        ),
                    ),
                    ("text", models.TextField(max_length=20000)),
                    ("is_private", models.BooleanField(default=False)),
                    (
                        "via",
                        models.CharField(
                            choices=[("page", "Page"), ("api", "API"), ("mail", "Email")],
                            default="page",
                            max_length=5,
                        ),
                    ),
                    ("mail_id", models.CharField(blank=True, max_length=300)),
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
                        "document",
                        models.ForeignKey(
                            blank=True,
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
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="messages",
                            to="feedback.ticket",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "objects",
                    "constraints": [
                        models.UniqueConstraint(
                            models.F("ticket"),
                            models.F("mail_id"),
                            condition=models.Q(("mail_id", ""), _negated=True),
                            name="a_mail_is_taken_once",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                ("is_private", False), ("side", "vendor"), _connector="OR"
                            ),
                            name="only_the_vendor_writes_private_notes",
                        ),
                    ],
                },
            ),
        ),
    ]
