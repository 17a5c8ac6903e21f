"""A search judges trials on validation alone, and goes on where it was left."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.pictures import CLASSES, row, rows, small_data
from training.engine import artifact, fit, probe
from training.engine.errors import Stopped, TrainingFailed, TurnOver
from training.task_types import image_classification, params
from training.task_types.data import Beside, Pages, TrainingData, Trial
from training.task_types.image_classification import draw, fine_tune
from training.task_types.settings import AnyOf, Between

QUICK = {"trials": 4, "over": "fine_tune", "backbone": "lepton_small"}
SPACE = {"learning_rate": Between(1e-5, 1e-2, log=True), "balance": AnyOf(("none", "weights"))}


class Killed(BaseException):
    """The process is gone."""


def search(
    folder, notebook=None, data=None, networks=(), cache_dir=None, weights_dir=None, **wanted
):
    asked = {"backbone": "resnet18", "trials": 4, **wanted}
    return image_classification.train(
        data or small_data(),
        params.from_dict("search", asked),
        method="search",
        work_dir=folder / "work",
        weights_dir=weights_dir or folder,
        cache_dir=cache_dir or folder / "cache",
        beside=Beside(notebook=notebook or Pages(), networks=networks),
    )


@pytest.fixture
def quick(monkeypatch):
    """Fine-tuning whose trials end at once, with a loss that their settings decide."""
    seen = []

    def fitted(work):
        seen.append(work)
        loss = abs(np.log10(work.params.learning_rate) + 2.5)
        state = type("State", (), {})()
        state.best_epoch = 1
        state.history = [{"epoch": 1, "valid_loss": loss, "valid_accuracy": 1 / (1 + loss)}]
        return None, state, {}

    def train(work):
        seen.append(work)
        return work

    monkeypatch.setattr(fine_tune, "fitted", fitted)
    monkeypatch.setattr(fine_tune, "train", train)
    return seen


def test_a_search_over_probes_ends_with_a_model_of_the_best_settings(
    tmp_path, weights_dir, cache_dir
):
    notebook = Pages()
    found = search(tmp_path, notebook, cache_dir=cache_dir, weights_dir=weights_dir)
    trials = notebook.trials()
    assert [one.number for one in trials] == [0, 1, 2, 3]
    assert {one.state for one in trials} == {"finished"}
    for one in trials[1:]:  # folds are told one after another, and their mean is the loss
        assert len(one.steps) == probe.FOLDS
        assert one.steps[-1] == pytest.approx(one.loss, rel=1e-5)
    best = min(trials, key=lambda one: (one.loss, one.number))
    told = artifact.read_meta(found.folder)["search"]
    assert (told["best"], told["loss"], told["default_loss"]) == (
        best.number,
        best.loss,
        trials[0].loss,
    )
    assert told["loss"] <= told["default_loss"]
    assert found.meta["params"]["l2"] == best.params["l2"]
    assert found.meta["method"] == "linear_probe"
    assert told["importance"] is None  # four trials tell nothing of it


def test_the_first_trial_has_the_default_settings(tmp_path, quick):
    notebook = Pages()
    search(tmp_path, notebook, **QUICK)
    first = quick[0].params
    assert first == params.from_dict("fine_tune", {"backbone": "lepton_small"})
    assert notebook.trials()[0].params["learning_rate"] == first.learning_rate


def test_what_is_found_is_trained_in_the_end(tmp_path, quick):
    notebook = Pages()
    work = search(tmp_path, notebook, **QUICK | {"trials": 12})
    best = min(notebook.trials(), key=lambda one: one.loss)
    assert work.params.learning_rate == best.params["learning_rate"]
    assert work.notes["search"]["best"] == best.number
    assert len(quick) == 13


def test_a_search_that_was_killed_goes_on_as_if_nothing_had_been(tmp_path, quick):
    whole, broken = Pages(), Pages()
    search(tmp_path, whole, **QUICK | {"trials": 9})
    for limit in (3, 7):
        search(tmp_path, broken, **QUICK | {"trials": limit})
    done = len(quick)
    search(tmp_path, broken, **QUICK | {"trials": 9})
    assert len(quick) - done == 3  # two trials were missing, and the training
    drawn = [[(one.params, one.loss) for one in book.trials()] for book in (whole, broken)]
    assert drawn[0] == drawn[1]


def test_another_seed_draws_other_settings(tmp_path, quick):
    books = [Pages(), Pages()]
    for seed, book in enumerate(books):
        search(tmp_path, book, **QUICK | {"seed": seed})
    rates = [[one.params["learning_rate"] for one in book.trials()[1:]] for book in books]
    assert not set(rates[0]) & set(rates[1])


def test_between_two_trials_the_worker_is_given_to_who_waits(tmp_path, quick):
    notebook = Pages()
    notebook.turn_is_over = lambda: True
    for turn in range(1, 4):
        with pytest.raises(TurnOver):
            search(tmp_path, notebook, **QUICK)
        assert len(notebook.trials()) == turn
    search(tmp_path, notebook, **QUICK)
    assert len(notebook.trials()) == 4


def test_no_trial_but_the_first_begins_when_the_minutes_are_used_up(tmp_path, quick):
    notebook = Pages()
    notebook.write(
        Trial(0, {"learning_rate": 1e-3}, "finished", loss=0.5, accuracy=0.9, seconds=61)
    )
    work = search(tmp_path, notebook, minutes=1, **QUICK)
    assert len(notebook.trials()) == 1
    assert work.params.learning_rate == 1e-3


def test_a_trial_that_fails_ends_alone(tmp_path, quick, monkeypatch):
    works = fine_tune.fitted

    def sometimes(work):
        if work.params.learning_rate > 1e-3:
            raise TrainingFailed("The loss became infinite.", "Lower the learning rate.")
        return works(work)

    monkeypatch.setattr(fine_tune, "fitted", sometimes)
    notebook = Pages()
    search(tmp_path, notebook, **QUICK | {"trials": 8, "backbone": "lepton_small"})
    failed = [one for one in notebook.trials() if one.state == "failed"]
    assert failed and all(one.cause == "The loss became infinite." for one in failed)
    assert any(one.state == "finished" for one in notebook.trials())


def test_where_no_trial_ends_the_run_fails_and_says_why(tmp_path, quick, monkeypatch):
    def never(work):
        raise TrainingFailed("The loss became infinite.", "Lower the learning rate.")

    monkeypatch.setattr(fine_tune, "fitted", never)
    with pytest.raises(TrainingFailed, match=r"No trial came to its end\. The loss"):
        search(tmp_path, **QUICK)


def test_a_trial_worse_than_the_median_of_its_epoch_is_stopped(tmp_path):
    ended = [
        Trial(n, {"learning_rate": 1e-4, "balance": "none"}, "finished", 0.3, 0.9, (0.5, 0.4, 0.3))
        for n in range(5)
    ]
    good, bad = (draw.ask(SPACE, ended, (), seed=0, number=5) for _ in range(2))
    assert good.params == bad.params
    for step, loss in enumerate((0.5, 0.35, 0.2)):
        good.report(loss, step)
        assert not good.should_prune()
    bad.report(0.9, 0)
    assert not bad.should_prune()  # one epoch is no evidence
    bad.report(0.9, 1)
    assert bad.should_prune()


PROBES = {"views": AnyOf((1, 2)), "l2": Between(1e-3, 10.0, log=True)}


def probe_trials(*means):
    """Four finished trials whose means over the folds so far were these."""
    drawn = {"views": 2, "l2": 0.1}
    return [Trial(n, drawn, "finished", means[-1], 0.9, means) for n in range(4)]


def test_a_probe_is_judged_by_its_newest_mean_as_folds_are_not_alike():
    """The first fold is easy for all: its mean is below what any other trial has later on."""
    ended = probe_trials(0.1, 0.4, 0.5, 0.5, 0.5)
    asked = draw.ask(PROBES, ended, (), seed=0, number=4)
    assert not draw.is_hopeless(asked, 0.9, 0)  # one fold is no evidence
    assert not draw.is_hopeless(asked, 0.39, 1)
    assert draw.is_hopeless(asked, 0.41, 1)
    assert draw.is_hopeless(asked, 0.51, 4)


def test_a_hopeless_probe_is_stopped_between_two_folds(
    tmp_path, weights_dir, cache_dir, monkeypatch
):
    notebook, solved, solve = Pages(), [], probe._Problem.solve

    def counted(self, l2):
        solved.append(l2)
        return solve(self, l2)

    monkeypatch.setattr(probe._Problem, "solve", counted)
    for one in probe_trials(0.5, 1e-6, 1e-6, 1e-6, 1e-6):  # nobody can be better than these
        notebook.write(one)
    asked = {"trials": 6, "cache_dir": cache_dir, "weights_dir": weights_dir}
    found = search(tmp_path, notebook, **asked)
    for trial in notebook.trials()[4:]:
        assert (trial.state, len(trial.steps)) == ("pruned", 2)
        assert trial.loss == trial.steps[-1]
        assert solved.count(trial.params["l2"]) == 2  # no third fold, no fit on all rows
    told = artifact.read_meta(found.folder)["search"]
    assert (told["finished"], told["pruned"], told["best"]) == (4, 2, 0)


def test_a_probe_that_was_broken_off_tells_its_folds_anew(tmp_path, weights_dir, cache_dir):
    notebook = Pages()
    notebook.write(Trial(0, {"views": 2, "l2": None}, "running", steps=(9.0, 9.0, 9.0)))
    search(tmp_path, notebook, trials=2, cache_dir=cache_dir, weights_dir=weights_dir)
    first = notebook.trials()[0]
    assert first.state == "finished"
    assert len(first.steps) == probe.FOLDS and 9.0 not in first.steps


def test_a_real_search_prunes_and_shares_its_activations(tmp_path, weights_dir, cache_dir):
    notebook = Pages()
    found = search(
        tmp_path,
        notebook,
        over="fine_tune",
        trials=2,
        epochs=1,
        cache_dir=cache_dir,
        weights_dir=weights_dir,
    )
    assert all(one.steps for one in notebook.trials())
    kept = list((tmp_path / "work").glob("activations-*.npy"))
    assert len(kept) == 2  # train and valid, whatever the number of trials
    assert found.meta["search"]["n_validated"] == 8


def test_a_cancel_stops_within_a_batch_and_the_trial_goes_on_from_its_checkpoint(
    tmp_path, weights_dir, cache_dir, monkeypatch
):
    steps = []
    real = fit.Fit._train_step

    def counted(self, *batch):
        steps.append(1)
        return real(self, *batch)

    monkeypatch.setattr(fit.Fit, "_train_step", counted)
    asked = params.from_dict("search", QUICK | {"trials": 2, "epochs": 4})
    notebook = Pages()
    options = {"method": "search", "work_dir": tmp_path / "work", "weights_dir": weights_dir}
    options |= {"cache_dir": cache_dir, "beside": Beside(notebook=notebook)}
    with pytest.raises(Stopped):
        image_classification.train(
            small_data(), asked, should_stop=lambda: len(steps) >= 3, **options
        )
    assert len(steps) == 3
    (running,) = notebook.trials()
    assert (running.number, running.state) == (0, "running")
    image_classification.train(small_data(), asked, **options)
    alone = Pages()
    image_classification.train(
        small_data(),
        asked,
        **options | {"work_dir": tmp_path / "alone", "beside": Beside(notebook=alone)},
    )
    for ours, theirs in zip(notebook.trials(), alone.trials(), strict=True):
        assert replace(ours, seconds=0) == replace(theirs, seconds=0)


def test_epochs_that_come_once_more_after_a_crash_count_once(
    tmp_path, weights_dir, cache_dir, monkeypatch
):
    """Killed before its checkpoint, a trial begins anew with two epochs noted."""
    notebook = Pages()
    options = QUICK | {"trials": 2, "epochs": 1, "cache_dir": cache_dir}
    options |= {"weights_dir": weights_dir}

    def killed(self):
        raise Killed

    with monkeypatch.context() as first_life:
        first_life.setattr(fit.Fit, "save", killed)
        first_life.setattr(fit.Fit, "_is_due", lambda self: True)
        with pytest.raises(Killed):
            search(tmp_path, notebook, **options)
    (noted,) = notebook.trials()
    assert (noted.state, len(noted.steps)) == ("running", 2)
    search(tmp_path, notebook, **options)
    assert notebook.trials()[0].steps == noted.steps


def test_importance_is_told_only_where_trials_are_enough(tmp_path):
    rng = np.random.default_rng(0)
    rates = rng.uniform(-5, -2, 24)
    trials = [
        Trial(
            n,
            {"learning_rate": float(10**rate), "balance": ("none", "weights")[n % 2]},
            "finished",
            float((rate + 3.5) ** 2),
        )
        for n, rate in enumerate(rates)
    ]
    assert draw.importance(SPACE, trials[:14], (), 0) is None
    shares = draw.importance(SPACE, trials, (), 0)
    assert list(shares) == ["learning_rate", "balance"]
    assert shares["learning_rate"] > 0.9
    assert sum(shares.values()) == pytest.approx(1)


def test_a_test_row_never_reaches_a_search():
    with pytest.raises(ValueError, match="'test' row"):
        TrainingData(CLASSES, [*rows(4), row(1, 99, "test")])
