"""Operations for migrations."""

from django.db.migrations.operations.base import Operation, OperationCategory


class AtOnce(Operation):
    """Several CreateModel, or several AddField, in one step.

    After each operation Django builds the classes of all related models anew, and through their
    tenant all are related: that was nine tenths of the time a new database took. Here it builds
    them once. Only for operations that work alike whether or not those beside them are done.
    """

    category = OperationCategory.MIXED

    def __init__(self, *operations: Operation):
        self.operations = operations

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # built anew when they are asked for
        for one in self.operations:
            one.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for one in self.operations:
            one.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for one in reversed(self.operations):
            one.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self):
        return "; ".join(one.describe() for one in self.operations)

    @property
    def migration_name_fragment(self):
        return "_".join(one.migration_name_fragment for one in self.operations[:3])
