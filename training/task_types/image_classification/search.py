"""Search for settings by trials that are judged on validation alone, then train with the best."""

import time
from dataclasses import fields, replace

import numpy as np

from training.engine.errors import TrainingFailed, TurnOver, gettext_noop
from training.engine.progress import Progress, memory_bytes
from training.task_types.data import TrainedModel, Trial
from training.task_types.image_classification import draw, fine_tune, linear_probe
from training.task_types.image_classification.work import Work, fit_probe, labels_of, vectors_of
from training.task_types.params import METHODS, from_dict
from training.task_types.settings import searched

TRYING = gettext_noop("Trying settings")


class Pruned(Exception):
    """This trial is not worth going on with: others did better by then, or the time is up."""


def train(work: Work) -> TrainedModel:
    """Carry out the trials the notebook lacks, and train with the settings of the best.

    The first trial has the default settings, so what is found is never worse than they are on
    validation. Raises TurnOver between two trials where somebody else waits.
    """
    search = Search(work)
    search.carry_out()
    best = search.best()
    method = work.params.over
    notes = {"search": search.told(best)}
    chosen = replace(search.work_for(best.params), progress=work.progress, notes=notes)
    return {"linear_probe": linear_probe, "fine_tune": fine_tune}[method].train(chosen)


class Search:
    """The trials of one search, read from and written to its notebook."""

    def __init__(self, work: Work):
        self.work, self.params, self.notebook = work, work.params, work.beside.notebook
        self.method = self.params.over
        self.space = searched(METHODS[self.method], self.method)
        self.networks = work.beside.networks if self.params.across == "all" else ()
        if len(self.networks) < 2:
            del self.space["backbone"]

    def carry_out(self) -> None:
        """Try until the trials or the minutes are used up. Raises Stopped and TurnOver."""
        tried = 0
        for number in range(self.params.trials):
            if any(one.number == number and one.state != "running" for one in self.trials()):
                continue
            if number and self.seconds_left(0) <= 0:
                return
            if tried and self.notebook.turn_is_over():
                raise TurnOver
            self._try(number)
            tried += 1

    def trials(self) -> list[Trial]:
        """All trials so far."""
        return self.notebook.trials()

    def best(self) -> Trial:
        """The finished trial with the least loss, the first of equals. Raises TrainingFailed."""
        finished = [one for one in self.trials() if one.state == "finished"]
        if not finished:
            failed = next((one.cause for one in self.trials() if one.cause), "")
            raise TrainingFailed(
                gettext_noop("No trial came to its end. %(reason)s"),
                gettext_noop("Allow more minutes, or start a run with settings of your own."),
                reason=failed,
            )
        return min(finished, key=lambda one: (one.loss, one.number))

    def told(self, best: Trial) -> dict:
        """What meta.json says of the search."""
        trials = self.trials()
        states = [one.state for one in trials]
        return {
            "over": self.method,
            "best": best.number,
            "trials": len(trials),
            **{name: states.count(name) for name in ("finished", "pruned", "failed")},
            "settings": best.params,
            "n_validated": self._validated(),
            "loss": best.loss,
            "accuracy": best.accuracy,
            "default_loss": trials[0].loss,
            "default_accuracy": trials[0].accuracy,
            "importance": draw.importance(self.space, trials, self.networks, self.params.seed),
        }

    def work_for(self, drawn: dict) -> Work:
        """The work of one trial: the tried method with these settings, the rest as default."""
        known = {item.name for item in fields(METHODS[self.method])}
        base = {"backbone": self.params.backbone, "seed": self.params.seed}
        base |= {"epochs": self.params.epochs} if self.params.epochs else {}
        base |= drawn
        params = from_dict(self.method, {k: v for k, v in base.items() if k in known})
        return replace(self.work, method=self.method, params=params)

    def _try(self, number: int) -> None:
        before = next((one for one in self.trials() if one.number == number), None)
        ended = [one for one in self.trials() if one.number < number]
        watch = Watch(self, before or Trial(number, self._first()), ended)
        if number:
            watch.trial = replace(watch.trial, params=watch.asked.params)
        work = replace(self.work_for(watch.trial.params), progress=watch)
        try:
            found = {"linear_probe": _probe, "fine_tune": _tune}[self.method](work)
            state = {"state": "finished", **found}
        except Pruned:
            steps = watch.trial.steps
            state = {"state": "pruned", "loss": steps[-1] if steps else None}
        except TrainingFailed as failure:
            state = {"state": "failed", "cause": failure.cause}
        chosen = state.pop("chosen", {})
        state["params"] = watch.trial.params | (chosen if number == 0 else {})
        self.notebook.write(replace(watch.trial, seconds=watch.seconds, **state))

    def _first(self) -> dict:
        """The settings as they are by default."""
        params = self.work_for({}).params
        return {name: getattr(params, name) for name in self.space}

    def _validated(self) -> int:
        """The rows that judge a trial: a probe is cross-validated on all it learns from."""
        if self.method == "linear_probe":
            return len(self.work.data.train)
        return len(fine_tune.with_validation(self.work)[1])

    def seconds_left(self, running: float) -> float:
        """What is left of the minutes beside a trial that has run for so many seconds."""
        if self.params.minutes is None:
            return float("inf")
        spent = sum(one.seconds for one in self.trials() if one.state != "running")
        return self.params.minutes * 60 - spent - running


class Watch:
    """Hears the progress of one trial: notes its epochs, or the folds of a probe, and stops it
    where that is better."""

    def __init__(self, search: Search, trial: Trial, ended: list[Trial]):
        self.search, self.trial, self.total = search, trial, search.params.trials
        self.began, self.before = time.monotonic(), trial.seconds
        self.durations = [one.seconds for one in ended]
        self.asked = draw.ask(
            search.space, ended, search.networks, seed=search.params.seed, number=trial.number
        )
        self.by_fold = search.method == "linear_probe"
        for step, loss in enumerate(() if self.by_fold else trial.steps):  # a probe begins anew
            self.asked.report(loss, step)

    @property
    def seconds(self) -> float:
        """The work of this trial, all its attempts together."""
        return self.before + time.monotonic() - self.began

    def __call__(self, report: Progress) -> None:
        step, known = report.closed_epoch, 0 if self.by_fold else len(self.trial.steps)
        if step is not None and step >= known:  # before a checkpoint, epochs come once more
            self._closed(report.valid_loss, step)
        if self.trial.number and self.search.seconds_left(self.seconds) <= 0:
            raise Pruned
        first = self.trial.number == 0 and report.phase == "preparing"
        self.search.work.progress(report if first else self._told(report))

    def _closed(self, loss: float, step: int) -> None:
        """An epoch or a fold is over: keep its loss, and ask whether to go on."""
        steps = (*self.trial.steps[:step], loss)
        self.trial = replace(self.trial, steps=steps, seconds=self.seconds)
        self.search.notebook.write(self.trial)
        if self._is_hopeless(loss, step) and self.trial.number:
            raise Pruned

    def _is_hopeless(self, loss, step) -> bool:
        if self.by_fold:
            return draw.is_hopeless(self.asked, loss, step)
        self.asked.report(loss, step)
        return self.asked.should_prune()

    def _told(self, report: Progress) -> Progress:
        """How far the search is; the figures of single epochs are the trial's own."""
        mean = np.mean(self.durations) if self.durations else None
        left = self.total - self.trial.number
        return Progress(
            "training",
            self.trial.number,
            self.total,
            eta_seconds=None if mean is None else float(max(0, mean * left - self.seconds)),
            items_per_second=report.items_per_second,
            memory_bytes=memory_bytes(),
            message=TRYING,
        )


def _probe(work: Work) -> dict:
    """Try a probe: its loss is that of the cross-validation, told fold by fold."""
    rows = work.data.train

    def tell(fold: int, folds: int, loss: float) -> None:
        work.progress(Progress("training", fold + 1, folds, valid_loss=loss, closed_epoch=fold))

    fitted = fit_probe(work, rows, vectors_of(work, rows), on_fold=tell)
    loss = next(score["loss"] for score in fitted.scores if score["l2"] == fitted.l2)
    right = fitted.out_of_fold.argmax(1) == labels_of(rows)
    return {"loss": loss, "accuracy": float(right.mean()), "chosen": {"l2": fitted.l2}}


def _tune(work: Work) -> dict:
    """Try a fine-tuning: its loss is that of its best epoch on the validation rows."""
    _model, outcome, _summary = fine_tune.fitted(work)
    best = next(one for one in outcome.history if one["epoch"] == outcome.best_epoch)
    return {"loss": best["valid_loss"], "accuracy": best["valid_accuracy"]}
