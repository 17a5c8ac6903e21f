"""Isolation of tickets; of which tenant a ticket is that a mail answers."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction


class Migration(migrations.Migration):
    dependencies = [("feedback", "0009_tickets")]
    operations = [
        ProtectTenantTables(
            append_only=["ticketmessage"],
            portfolio=["ticket"],
            system=["ticket"],
            system_writes=["erasure"],
        ),
        SystemFunction(
            "lepton_tenant_of_ticket",
            "p_ticket uuid",
            "TABLE (tenant_id uuid)",
            "SELECT tenant_id FROM feedback_ticket WHERE id = p_ticket",
        ),
    ]
