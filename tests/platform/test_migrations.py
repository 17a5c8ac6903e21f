"""Operations done at once end as those done one after another."""

import pytest
from django.db import connections, models
from django.db.migrations import AddField, CreateModel
from django.db.migrations.state import ProjectState

from lepton.lib.migrations import AtOnce


def identity():
    return ("id", models.AutoField(primary_key=True))


def tables():
    part = models.ForeignKey("parts.part", models.CASCADE)
    return CreateModel("Part", [identity()]), CreateModel("Flaw", [identity(), ("part", part)])


def fields():
    depth = models.IntegerField(default=0)
    within = models.ForeignKey("parts.flaw", models.CASCADE, null=True)
    return AddField("flaw", "depth", depth), AddField("flaw", "within", within)


def carried_out(operations) -> tuple[ProjectState, list[str], list[str]]:
    """The state in the end, the SQL that leads there, and the one that leads back."""
    states, owner = [ProjectState()], connections["owner"]
    with owner.schema_editor(collect_sql=True, atomic=False) as there:
        for operation in operations:
            states.append(states[-1].clone())
            operation.state_forwards("parts", states[-1])
            operation.database_forwards("parts", there, *states[-2:])
    with owner.schema_editor(collect_sql=True, atomic=False) as back:
        steps = zip(operations, states[:-1], states[1:], strict=True)
        for operation, before, after in reversed(list(steps)):
            operation.database_backwards("parts", back, after, before)
    return states[-1], there.collected_sql, back.collected_sql


@pytest.mark.django_db(databases=["default", "owner"])
def test_tables_and_fields_made_at_once_are_those_made_one_by_one():
    one_by_one = carried_out([*tables(), *fields()])
    at_once = carried_out([AtOnce(*tables()), AtOnce(*fields())])
    assert at_once == one_by_one
    assert len(one_by_one[1]) > 5 and len(one_by_one[2]) > 3


def test_it_says_what_it_does():
    assert AtOnce(*tables()).describe() == "Create model Part; Create model Flaw"
    name, given, _named = AtOnce(*tables()).deconstruct()
    assert (name, [one.name for one in given]) == ("AtOnce", ["Part", "Flaw"])
