"""The settings of methods that build on others: a search over one, an ensemble of its models."""

from dataclasses import dataclass

from training.engine import backbones
from training.engine.errors import gettext_noop as _
from training.task_types.settings import setting


@dataclass(frozen=True)
class SearchParams:
    """Tries settings of a method, and trains with those that do best on validation."""

    backbone: str = setting(
        "resnet18",
        _("Backbone"),
        _("The network the trials begin with."),
        choices=tuple(backbones.CATALOGUE),
    )
    over: str = setting(
        "linear_probe",
        _("Method tried"),
        _("Whose settings are searched. A probe's trial takes seconds, a fine-tuning's minutes."),
        choices=("linear_probe", "fine_tune"),
    )
    across: str = setting(
        "this",
        _("Networks tried"),
        _("This one alone, or all whose weights are on this server."),
        choices=("this", "all"),
    )
    trials: int = setting(
        20,
        _("Trials"),
        _("At most so many; the first has the default settings. Past 20 to 40 little is gained."),
        min=2,
        max=200,
    )
    minutes: float | None = setting(
        60.0,
        _("Minutes"),
        _("No trial but the first begins, or goes on, after so many minutes of work."),
        min=0.1,
        max=10_000.0,
    )
    epochs: int | None = setting(
        None,
        _("Epochs"),
        _("Of each fine-tuning tried. Left empty: as many as suit the network."),
        min=1,
        max=500,
    )
    seed: int = setting(
        0, _("Seed"), _("The same seed and data give the same trials."), min=0, max=2**31 - 1
    )


@dataclass(frozen=True)
class EnsembleParams:
    """Several model versions as one, which answers with the mean of their probabilities."""

    members: tuple[str, ...] = setting(
        (), _("Members"), _("Model versions measured on the same test images."), versions="many"
    )
    weights: str = setting(
        "equal",
        _("Weights"),
        _("Equal, or fitted on the validation images; a few hundred are needed for that to pay."),
        choices=("equal", "fitted"),
    )
