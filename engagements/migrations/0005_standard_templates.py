"""The two templates every installation starts with; a row for the present round of engagements."""

from django.db import migrations

LOOP = [
    "poc",
    "fine_tuning",
    "deployment",
    "monitoring",
    "customer_training",
    "go_live",
    "optimisation",
    "feedback",
    "data_iteration",
]
PILOT = ["poc", "fine_tuning", "deployment", "monitoring", "feedback"]
V, C = "vendor", "customer"
# key, title, phase, side, private, required, due in days, after
ITEMS = [
    ("kick_off", "Hold the kick-off", "poc", V, False, True, 7, []),
    ("examples", "Send labelled examples of every class", "poc", C, False, True, 14, ["kick_off"]),
    ("effort", "Estimate the effort", "poc", V, True, False, 14, ["kick_off"]),
    ("integration", "Name who connects the endpoint", "deployment", C, False, True, 35, []),
    ("watch", "Agree who watches the figures", "monitoring", V, False, False, 42, []),
    ("users", "Name who works with the answers", "customer_training", C, False, True, 49, []),
    ("fallback", "Agree what happens if the endpoint is down", "go_live", C, False, True, 56, []),
    ("cadence", "Agree how often results are gone through", "optimisation", V, False, True, 70, []),
]
MILESTONES = [
    ("Kick-off", "poc", 7),
    ("First model", "fine_tuning", 28),
    ("In production", "go_live", 60),
]
TEMPLATES = [
    ("full-loop", "Full loop", "From the proof of concept to a model that keeps learning.", LOOP),
    ("pilot", "Pilot", "A proof on the customer's own line, without a go-live.", PILOT),
]
ITEM = ("key", "title", "phase", "side", "is_private", "is_required", "due_days", "after")


def write_templates(apps, schema_editor):
    template = apps.get_model("engagements", "EngagementTemplate")
    for key, name, description, phases in TEMPLATES:
        items = [dict(zip(ITEM, row, strict=True)) for row in ITEMS if row[2] in phases]
        milestones = [
            {"title": title, "phase": phase, "due_days": days, "is_private": False}
            for title, phase, days in MILESTONES
            if phase in phases
        ]
        facts = {"name": name, "description": description, "phases": phases}
        template.objects.using(schema_editor.connection.alias).create(
            key=key, items=items, milestones=milestones, **facts
        )


# Row level security is forced for the owner as well, so it is lifted for this one statement.
PRESENT_ROUNDS = """
ALTER TABLE engagements_engagement NO FORCE ROW LEVEL SECURITY;
ALTER TABLE engagements_iteration NO FORCE ROW LEVEL SECURITY;
INSERT INTO engagements_iteration (id, tenant_id, engagement_id, number, started_at, facts)
SELECT gen_random_uuid(), tenant_id, id, iteration,
  CASE WHEN iteration = 1 THEN created_at ELSE phase_since END, '{}'
FROM engagements_engagement;
ALTER TABLE engagements_engagement FORCE ROW LEVEL SECURITY;
ALTER TABLE engagements_iteration FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("engagements", "0004_isolation_of_the_plan")]
    operations = [
        migrations.RunPython(write_templates, migrations.RunPython.noop),
        migrations.RunSQL(PRESENT_ROUNDS, migrations.RunSQL.noop),
    ]
