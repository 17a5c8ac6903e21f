"""The portfolio shows what customers rated, with how many did."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("engagements", "0008_isolation_of_packs")]
    operations = [ProtectTenantTables(portfolio=["rating"])]
