"""What a search tries next, and what mattered, by Optuna.

Trials are drawn by the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) and stopped
early by the median rule (Golovin et al., KDD 2017). A draw depends on the seed, the trial's number
and the trials before it alone, so a search that was killed goes on as if nothing had been.
"""

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState, create_trial

from training.task_types.data import Trial
from training.task_types.settings import AnyOf, Between

RANDOM_FIRST = 5  # trials drawn at random before the estimator has something to go by
UNPRUNED_FIRST = 4  # trials that give the median before any is stopped by it
LEAST_FOR_IMPORTANCE = 15  # finished trials, and four for each setting
STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
optuna.logging.set_verbosity(optuna.logging.WARNING)


def ask(
    space: dict[str, Between | AnyOf],
    ended: list[Trial],
    networks: tuple[str, ...],
    *,
    seed: int,
    number: int,
) -> optuna.Trial:
    """Draw the settings of trial `number`; it hears losses by `report` and knows `should_prune`."""
    return _study(space, ended, networks, seed=seed, number=number).ask(
        _distributions(space, networks)
    )


def is_hopeless(asked: optuna.Trial, loss: float, step: int) -> bool:
    """Whether the median rule stops a trial for this loss alone, whatever it reported before.

    That is for means over the folds so far: the first fold may be easier than the rest for all, so
    the least of a trial's means says less than its newest.
    """
    newest = create_trial(
        state=TrialState.RUNNING,
        params=asked.params,
        distributions=asked.distributions,
        intermediate_values={step: loss},
    )
    return asked.study.pruner.prune(asked.study, newest)


def importance(
    space: dict[str, Between | AnyOf], trials: list[Trial], networks: tuple[str, ...], seed: int
) -> dict[str, float] | None:
    """Each setting's share of the variance of the loss (functional ANOVA: Hutter et al., ICML
    2014), the largest first; None where the finished trials are too few to tell."""
    finished = [one for one in trials if one.state == "finished"]
    if len(space) < 2 or len(finished) < max(LEAST_FOR_IMPORTANCE, 4 * len(space)):
        return None
    if np.ptp([one.loss for one in finished]) == 0:
        return None
    study = _study(space, finished, networks, seed=seed, number=0)
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed))


def _study(space, trials, networks, *, seed: int, number: int) -> optuna.Study:
    drawn_from = np.random.SeedSequence([seed, number]).generate_state(1)[0]
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=int(drawn_from), n_startup_trials=RANDOM_FIRST),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED_FIRST, n_warmup_steps=1),
    )
    distributions = _distributions(space, networks)
    for one in trials:
        if None in one.params.values():  # the first failed before its default was known
            continue
        study.add_trial(
            create_trial(
                state=STATES[one.state],
                value=one.loss,
                params=one.params,
                distributions=distributions,
                intermediate_values=dict(enumerate(one.steps)),
            )
        )
    return study


def _distributions(space, networks) -> dict:
    chosen_from = {"backbone": networks}
    return {
        name: FloatDistribution(how.low, how.high, log=how.log)
        if isinstance(how, Between)
        else CategoricalDistribution(chosen_from.get(name) or how.choices)
        for name, how in space.items()
    }
