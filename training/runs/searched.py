"""What a search found, in the form its page takes: trials, the best so far, and why."""

from dataclasses import fields

from django.utils.translation import gettext as _

from lepton.lib import charts
from training.engine import backbones
from training.models import Run, Trial
from training.task_types import params


def facts(run) -> dict:
    """The trials of a search with their chart; nothing for a run of another method."""
    if run.method != Run.Method.SEARCH:
        return {}
    trials = list(run.trials.in_order())
    best = _best(trials)
    version = getattr(run, "model_version", None)
    told = version.meta.get("search", {}) if version else {}
    return {
        "trials": [_row(one, run, best) for one in reversed(trials)],
        "trial_chart": _chart(trials) if len(trials) > 1 else None,
        "best": best,
        "why": why(trials, best) if best else "",
        "n_validated": told.get("n_validated"),
        "importance": _importance(told, run),
        "is_told": bool(told),
    }


def why(trials, best) -> str:
    """Why the settings of the best trial are used."""
    first = trials[0]
    if best.number == 0:
        return _("No trial did better on validation than the default settings.")
    words = {"number": best.number, "loss": f"{best.loss:.3f}"}
    if first.loss is None:
        return _("Trial %(number)s had the least validation loss, %(loss)s.") % words
    words |= {"default": f"{first.loss:.3f}"}
    text = _("Trial %(number)s had the least validation loss: %(loss)s, the defaults %(default)s.")
    return text % words


def settings_in_words(drawn: dict, method: str) -> list[tuple]:
    """(label, value) of the settings a trial drew, in the order of the method's form."""
    known = {item.name: _(item.metadata["label"]) for item in fields(params.METHODS[method])}
    return [(label, _in_words(name, drawn[name])) for name, label in known.items() if name in drawn]


def _in_words(name, value) -> str:
    if name == "backbone":
        return backbones.get(value).title
    return f"{value:.3g}" if isinstance(value, float) else f"{value}"


def _best(trials):
    finished = [one for one in trials if one.state == Trial.State.FINISHED]
    return min(finished, key=lambda one: (one.loss, one.number), default=None)


def _row(trial, run, best) -> dict:
    settings = settings_in_words(trial.params, run.params["over"])
    return {"trial": trial, "settings": settings, "is_best": trial == best}


def _chart(trials) -> dict:
    """The loss of each finished trial, and the least so far."""
    losses = [(t.number, t.loss if t.state == Trial.State.FINISHED else None) for t in trials]
    least, so_far = None, []
    for number, loss in losses:
        least = min((v for v in (least, loss) if v is not None), default=None)
        so_far.append((number, least))
    lines = [
        {"name": _("trial"), "points": losses},
        {"name": _("best so far"), "points": so_far},
    ]
    return charts.line_chart(lines)


def _importance(told, run) -> list[dict]:
    """Each setting's share of what the losses differ by, as bars; empty where it is not known."""
    found = told.get("importance") or {}
    known = {item.name: item for item in fields(params.METHODS[run.params["over"]])}
    return [
        {"label": _(known[name].metadata["label"]), "share": share} for name, share in found.items()
    ]


def in_short(version) -> str:
    """Where the settings of a version came from, where a search found them."""
    told = version.meta.get("search")
    if not told:
        return ""
    words = {"best": told["best"], "trials": told["trials"]}
    if told["best"] == 0:
        return _("the defaults: none of %(trials)s trials did better") % words
    words |= {"loss": f"{told['loss']:.3f}", "n": told["n_validated"]}
    return _("trial %(best)s of %(trials)s, validation loss %(loss)s (n = %(n)s)") % words
