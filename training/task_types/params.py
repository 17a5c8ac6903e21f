"""The settings of each method as dataclasses; forms and API serializers are built from them."""

from dataclasses import asdict, dataclass, fields

from training.engine import backbones
from training.engine.errors import gettext_noop as _
from training.task_types.composed import EnsembleParams, SearchParams
from training.task_types.settings import AnyOf, Between, checked, setting

BACKBONES = tuple(backbones.CATALOGUE)


@dataclass(frozen=True)
class LinearProbeParams:
    """A linear classifier on a frozen backbone's features."""

    backbone: str = setting(
        "resnet18",
        _("Backbone"),
        _("The pretrained network that sees the image."),
        choices=BACKBONES,
        search=AnyOf(),
    )
    views: int = setting(
        2,
        _("Views"),
        _("2 also learns from each image's mirror; choose 1 where left and right matter."),
        choices=(1, 2),
        search=AnyOf(method="linear_probe"),
    )
    l2: float | None = setting(
        None,
        _("Regularisation"),
        _("Left empty it is chosen by cross-validation."),
        min=1e-6,
        max=1000.0,
        search=Between(1e-3, 10.0, log=True, method="linear_probe"),
    )
    precision: str = setting(
        "float32",
        _("Precision"),
        _(
            "int8 makes a ResNet two to three times as quick on a CPU and a quarter as large, with"
            " answers that differ a little; the test split measures by how much."
        ),
        choices=("float32", "int8"),
    )
    seed: int = setting(
        0, _("Seed"), _("The same seed and data give the same model."), min=0, max=2**31 - 1
    )


@dataclass(frozen=True)
class FineTuneParams(LinearProbeParams):
    """Gradient training of the backbone's last stages or of all of it, starting from the linear
    probe."""

    unfreeze: str = setting(
        "last_stage",
        _("Trained part"),
        _("What may change; the rest stays as pretrained."),
        choices=("head", "last_stage", "all"),
    )
    epochs: int = setting(8, _("Epochs"), _("Passes over the training images."), min=1, max=500)
    learning_rate: float = setting(
        1e-4,
        _("Learning rate"),
        _("Of the backbone; a pretrained network's head learns three times as fast."),
        min=1e-6,
        max=1.0,
        search=Between(1e-5, 1e-2, log=True),
    )
    batch_size: int = setting(
        32, _("Batch size"), _("Images per step."), min=2, max=512, search=AnyOf((16, 32, 64))
    )
    weight_decay: float = setting(
        0.01,
        _("Weight decay"),
        _("Pulls weights towards zero."),
        min=0.0,
        max=1.0,
        search=Between(1e-4, 0.1, log=True),
    )
    label_smoothing: float = setting(
        0.1,
        _("Label smoothing"),
        _("Keeps the model from over-confidence."),
        min=0.0,
        max=0.5,
        search=Between(0.0, 0.2),
    )
    augmentation: str = setting(
        "light",
        _("Augmentation"),
        _("Light: crop, brightness, the mirror where views is 2. Turns: quarter turns too."),
        choices=("none", "light", "turns"),
    )
    patience: int = setting(
        4, _("Patience"), _("Epochs without improvement before stopping early."), min=1, max=500
    )
    balance: str = setting(
        "none",
        _("Balance"),
        _("Let rare classes count more: by weights in the loss, or by drawing them more often."),
        choices=("none", "weights", "sampling"),
        search=AnyOf(),
    )
    mixup: float = setting(
        0.0,
        _("MixUp"),
        _("Blends pairs of images and their labels; 0 is off, 0.2 is usual."),
        min=0.0,
        max=2.0,
        search=AnyOf((0.0, 0.2)),
    )
    head_factor: float = setting(
        3.0, _("Head's pace"), _("The head's learning rate over the rest."), min=0.1, max=100.0
    )
    layer_decay: float = setting(
        1.0,
        _("Layer decay"),
        _("Each earlier stage learns so many times as fast as the next; 1 is alike."),
        min=0.1,
        max=1.0,
    )
    warm_up: float = setting(
        0.1, _("Warm-up"), _("Share of all steps in which the rate rises."), min=0.0, max=0.5
    )
    ema: float = setting(
        0.98,
        _("Weight average"),
        _("How much of the averaged weights each step keeps; 0 keeps the newest alone."),
        min=0.0,
        max=0.9999,
    )
    micro_batch: int | None = setting(
        None,
        _("Images at once"),
        _("Smaller than the batch size, gradients are added up. Empty: the whole batch."),
        min=1,
        max=512,
    )
    compile: str = setting(
        "auto",
        _("Compile"),
        _("Compiles the network on a GPU; pays for long trainings."),
        choices=("auto", "always", "never"),
    )


@dataclass(frozen=True)
class DistillationParams(FineTuneParams):
    """Fine-tuning of a smaller network on what a larger model answers."""

    teacher: str = setting(
        "", _("Teacher"), _("The model version that is learnt from."), versions="one"
    )
    softness: float = setting(
        2.0,
        _("Softness"),
        _("Above 1 the teacher's second thoughts count more (its temperature)."),
        min=1.0,
        max=20.0,
    )
    soft_share: float = setting(
        0.7,
        _("Share of the teacher"),
        _("How much its answers count; the rest are the labels."),
        min=0.0,
        max=1.0,
    )


METHODS = {
    "linear_probe": LinearProbeParams,
    "fine_tune": FineTuneParams,
    "search": SearchParams,
    "ensemble": EnsembleParams,
    "distillation": DistillationParams,
}
TITLES = {
    "linear_probe": _("Linear probe"),
    "fine_tune": _("Fine-tune"),
    "search": _("Search"),
    "ensemble": _("Ensemble"),
    "distillation": _("Distillation"),
}
Params = LinearProbeParams | SearchParams | EnsembleParams


def from_dict(method: str, data: dict) -> Params:
    """Check `data` and fill the rest with the chosen backbone's defaults.

    Raises ValueError whose text begins with the field's name for an unknown or invalid one.
    """
    if method not in METHODS:
        raise ValueError(f"method: {method!r} is not one of {', '.join(METHODS)}.")
    known = {item.name: item for item in fields(METHODS[method])}
    for name in data:
        if name not in known:
            raise ValueError(f"{name}: unknown setting of {method}; known are {', '.join(known)}.")
    given = {name: checked(known[name], value) for name, value in data.items()}
    suited = {}
    if "backbone" in known:
        suited = backbones.get(given.get("backbone", known["backbone"].default)).defaults
    return METHODS[method](
        **{name: value for name, value in suited.items() if name in known} | given
    )


def to_dict(params: Params) -> dict:
    """Return the settings as plain data; from_dict reads them back."""
    return asdict(params)
