"""A day has 24 hours, in however many tenants somebody of the vendor's staff worked on it."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

HOURS = """
SELECT pg_advisory_xact_lock(hashtextextended('hours ' || p_person || ' ' || p_on, 0));
SELECT coalesce(sum(hours), 0) FROM engagements_stafftime
WHERE person_id = p_person AND "on" = p_on
"""


class Migration(migrations.Migration):
    dependencies = [("engagements", "0012_drill_days_of_an_engagement")]
    operations = [
        ProtectTenantTables(system=["stafftime"]),
        SystemFunction("lepton_staff_hours", "p_person uuid, p_on date", "numeric", HOURS),
    ]
