"""An engagement keeps how old a drill may be from the template it was opened with."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

# Row level security is forced for the owner as well, so it is lifted for this one statement.
AS_THE_TEMPLATE_SAYS = """
ALTER TABLE engagements_engagement NO FORCE ROW LEVEL SECURITY;
UPDATE engagements_engagement SET drill_days = template.drill_days
FROM engagements_engagementtemplate AS template
WHERE engagements_engagement.template_id = template.id;
ALTER TABLE engagements_engagement FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("engagements", "0011_waiver_of_a_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="engagement",
            name="drill_days",
            field=models.PositiveSmallIntegerField(
                default=90, validators=[MinValueValidator(1), MaxValueValidator(730)]
            ),
        ),
        migrations.RunSQL(AS_THE_TEMPLATE_SAYS, migrations.RunSQL.noop),
    ]
