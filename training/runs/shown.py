"""Facts about runs and model versions in the form the pages' components take."""

from dataclasses import fields

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements.models import Requirement
from lepton.lib import charts
from training.engine.progress import Progress
from training.models import Run
from training.runs import searched
from training.task_types import params

PHASES = {
    "preparing": gettext_lazy("Preparing images"),
    "training": gettext_lazy("Training"),
    "evaluating": gettext_lazy("Evaluating on the test split"),
}

JUDGED = {
    "accuracy": gettext_lazy("Accuracy"),
    "macro_f1": gettext_lazy("Macro F1"),
    "macro_auc": gettext_lazy("Macro AUC"),
}


def run_facts(run) -> dict:
    """What the page of a run shows."""
    epochs = list(run.epochs.all())
    return {
        "run": run,
        "settings": settings_of(run),
        "progress": progress_bar(run),
        "figures": [] if run.has_ended else figures(run),
        "epochs": list(reversed(epochs)),
        "best_epoch": best_epoch(epochs),
        "loss_chart": _loss_chart(epochs) if len(epochs) > 1 else None,
        "accuracy_chart": _accuracy_chart(epochs) if len(epochs) > 1 else None,
        "accuracy": metric_of(run.test_evaluation, run.engagement.requirement, "accuracy"),
        "cause": _(run.cause) if run.cause else "",
        "hint": _(run.hint) if run.hint else "",
        **searched.facts(run),
        "interrupted": bool(run.crashes and not run.has_ended),
        "interruption": _("Attempt %s goes on from the last checkpoint.") % run.attempt,
    }


def settings_of(run) -> list[tuple]:
    """(label, value) of each setting, in the words and the order of the form that chose it."""
    known = {
        item.name: _(item.metadata["label"])
        for item in fields(params.METHODS[run.method])
        if "versions" not in item.metadata  # those are shown as what it was made from
    }
    values = run.params | {"backbone": run.backbone_title}
    if "over" in values:
        values["over"] = _(params.TITLES[values["over"]])
    return [(label, values[name]) for name, label in known.items() if name in run.params]


def progress_bar(run) -> dict | None:
    """The context of components/_progress.html, None for a run that waits or has ended."""
    now = run.progress
    if run.has_ended or run.state == Run.State.QUEUED:
        return None
    label = PHASES.get(now.get("phase"), PHASES["preparing"])
    message = now.get("message")
    return {
        "label": label,
        "done": now.get("done"),
        "total": now.get("total"),
        "unit": _unit(run, now.get("phase")),
        "eta_seconds": now.get("eta_seconds") or None,  # nothing is to be said of no time
        "note": _(message) if message else "",
    }


def _unit(run, phase) -> str:
    if phase != "training":
        return _("images")
    return _("trials") if run.method == Run.Method.SEARCH else _("steps")


def figures(run) -> list[dict]:
    """The live figures of a run, as plain metrics."""
    now = Progress(**{"phase": "", **_known(run.progress)})
    rows = [
        (_("Epoch"), f"{now.epoch}", _("of %s") % now.epochs if now.epochs else "", now.epochs),
        (_("Training loss"), _short(now.train_loss), "", now.train_loss is not None),
        (_("Validation loss"), _short(now.valid_loss), "", now.valid_loss is not None),
        (_("Validation accuracy"), _share(now.valid_accuracy), "%", now.valid_accuracy is not None),
        (_("Best epoch"), f"{now.best_epoch}", "", now.best_epoch is not None and now.epochs),
        (_("Patience left"), f"{now.patience_left}", _("epochs"), now.patience_left is not None),
        (_("Speed"), _short(now.items_per_second, 1), _("images/s"), now.items_per_second),
        (_("Memory"), f"{now.memory_bytes / 1e6:.0f}", "MB", now.memory_bytes),
    ]
    return [{"label": a, "text": b, "unit": c} for a, b, c, known in rows if known]


def best_epoch(epochs):
    """The epoch with the least validation loss, which is the one that is kept."""
    known = [one for one in epochs if one.valid_loss is not None]
    return min(known, key=lambda one: one.valid_loss).epoch if known else None


def metric_of(evaluation, requirement, metric: str) -> dict | None:
    """A figure with n, interval and the requirement's target, where the target is set for it."""
    if evaluation is None or getattr(evaluation, metric) is None:
        return None
    asked = requirement is not None and requirement.metric == Requirement.Metric(metric)
    return figure(evaluation, metric, JUDGED[metric]) | {
        "target": float(requirement.target) if asked else None
    }


def figure(evaluation, field, label) -> dict:
    """A measured figure as the metric component takes it."""
    return {
        "label": label,
        "value": getattr(evaluation, field),
        "low": getattr(evaluation, f"{field}_low"),
        "high": getattr(evaluation, f"{field}_high"),
        "n": evaluation.n,
        "target": None,
        "badge": "frozen",
    }


def _known(progress):
    return {name: value for name, value in progress.items() if name in Progress.__annotations__}


def _short(value, digits=4):
    return "" if value is None else f"{value:.{digits}f}"


def _share(value):
    return "" if value is None else f"{value * 100:.1f}"


def _loss_chart(epochs):
    names = {"train_loss": _("training"), "valid_loss": _("validation")}
    return charts.line_chart([_series(epochs, *item) for item in names.items()])


def _accuracy_chart(epochs):
    return charts.line_chart([_series(epochs, "valid_accuracy", _("validation"))], y_range=(0, 1))


def overlaid(runs) -> dict:
    """The validation loss and accuracy of several runs over their epochs, a line each."""
    epochs = [list(run.epochs.all()) for run in runs]

    def lines(field):
        known = zip(runs, epochs, strict=True)
        return [_series(rows, field, _("run %s") % run.number) for run, rows in known if rows]

    return {
        "loss": charts.line_chart(lines("valid_loss")),
        "accuracy": charts.line_chart(lines("valid_accuracy"), y_range=(0, 1)),
    }


def _series(epochs, field, name):
    return {"name": name, "points": [(one.epoch, getattr(one, field)) for one in epochs]}
