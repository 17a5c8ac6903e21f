"""One trace, from whichever end it is taken up."""

from django.utils.translation import gettext as _

from feedback.trace import data, reach, record, use
from feedback.trace.parts import Column, Trace

KINDS = tuple(reach.OF)


def look(kind: str, pk) -> Trace:
    """Return everything a row of the active tenant hangs together with, or raise Http404.

    `kind` is one of KINDS. The number of queries does not depend on how many rows there are.
    """
    found = reach.OF[kind](pk)
    columns = [
        Column(_("What was asked for"), record.stations(found)),
        Column(_("Data"), data.stations(found)),
        Column(_("Model"), use.made(found)),
        Column(_("In use"), use.used(found)),
    ]
    return Trace(kind, found.subject.pk, _title(kind, found.subject), columns)


def _title(kind, subject) -> str:
    words = {
        "prediction": _("Prediction “%s”"),
        "image": _("Image %s"),
        "model_version": "%s",
        "run": "%s",
        "dataset_version": "%s",
    }[kind]
    return words % (subject.sha256[:12] if kind == "image" else subject)
