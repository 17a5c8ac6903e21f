"""The failures a run can end with, in words for people; torch-free."""


def gettext_noop(message: str) -> str:
    """Mark `message` for translation and return it unchanged; whoever shows it translates it."""
    return message


class TrainingFailed(Exception):
    """A run that cannot go on: what happened (`cause`) and what helps (`hint`).

    Both are English templates filled from `values`, kept apart (`cause_template`,
    `hint_template`, `values`) so that a page can show them in the reader's language.
    """

    def __init__(self, cause: str, hint: str, **values):
        self.cause_template, self.hint_template, self.values = cause, hint, values
        self.cause = cause % values if values else cause
        self.hint = hint % values if values else hint
        super().__init__(self.cause)


class WeightsMissing(TrainingFailed):
    """Pretrained weights are neither in the weights folder nor allowed to be downloaded."""

    def __init__(self, *, backbone: str, file_names: list[str], folder: str):
        super().__init__(
            gettext_noop(
                "The pretrained weights of %(backbone)s are missing: no %(files)s in %(folder)s."
            ),
            gettext_noop(
                "Put the file into that folder, or choose a network that trains from scratch."
            ),
            backbone=backbone,
            files=" or ".join(file_names),
            folder=folder,
        )


class Stopped(Exception):
    """The caller asked to stop; a checkpoint was written first."""


class TurnOver(Stopped):
    """What was done so far is safe, and somebody else waits: go on in the next turn."""
