"""The settings of each method as dataclasses; forms and API serializers are built from them."""

from dataclasses import asdict, dataclass, field, fields
from types import UnionType
from typing import get_args

from training.engine import backbones
from training.engine.errors import gettext_noop as _

IMAGES_FROM_SCRATCH = 6000  # seen in a whole training; about 80 seconds of one CPU core
BACKBONES = tuple(backbones.CATALOGUE)


def setting(default, label: str, help: str, **limits):
    """A dataclass field with label, help and min, max or choices for whoever builds a form from
    it."""
    return field(default=default, metadata={"label": label, "help": help, **limits})


@dataclass(frozen=True)
class LinearProbeParams:
    """A linear classifier on a frozen backbone's features."""

    backbone: str = setting(
        "resnet18",
        _("Backbone"),
        _("The pretrained network that sees the image."),
        choices=BACKBONES,
    )
    views: int = setting(
        2,
        _("Views"),
        _("2 also learns from each image's mirror; choose 1 where left and right matter."),
        choices=(1, 2),
    )
    l2: float | None = setting(
        None,
        _("Regularisation"),
        _("Left empty it is chosen by cross-validation."),
        min=1e-6,
        max=1000.0,
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
    )
    batch_size: int = setting(32, _("Batch size"), _("Images per step."), min=2, max=512)
    weight_decay: float = setting(
        0.01, _("Weight decay"), _("Pulls weights towards zero."), min=0.0, max=1.0
    )
    label_smoothing: float = setting(
        0.1, _("Label smoothing"), _("Keeps the model from over-confidence."), min=0.0, max=0.5
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
    )
    mixup: float = setting(
        0.0,
        _("MixUp"),
        _("Blends pairs of images and their labels; 0 is off, 0.2 is usual."),
        min=0.0,
        max=2.0,
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


METHODS = {"linear_probe": LinearProbeParams, "fine_tune": FineTuneParams}
TITLES = {"linear_probe": _("Linear probe"), "fine_tune": _("Fine-tune")}


def from_dict(method: str, data: dict) -> LinearProbeParams | FineTuneParams:
    """Check `data` and fill the rest with the chosen backbone's defaults.

    Raises ValueError whose text begins with the field's name for an unknown or invalid one.
    """
    if method not in METHODS:
        raise ValueError(f"method: {method!r} is not one of {', '.join(METHODS)}.")
    known = {item.name: item for item in fields(METHODS[method])}
    for name in data:
        if name not in known:
            raise ValueError(f"{name}: unknown setting of {method}; known are {', '.join(known)}.")
    given = {name: _checked(known[name], value) for name, value in data.items()}
    suited = backbones.get(given.get("backbone", known["backbone"].default)).defaults
    return METHODS[method](
        **{name: value for name, value in suited.items() if name in known} | given
    )


def to_dict(params: LinearProbeParams) -> dict:
    """Return the settings as plain data; from_dict reads them back."""
    return asdict(params)


def defaults_for(
    n_train: int, n_classes: int, device: str = "cpu", *, pretrained: bool = True
) -> tuple[str, LinearProbeParams, str]:
    """Recommend (method, params, reason) for `n_train` images in `n_classes` classes on
    `device`."""
    if not pretrained:
        epochs = max(12, min(60, IMAGES_FROM_SCRATCH // max(n_train, 1)))
        params = from_dict("fine_tune", {"backbone": "lepton_small", "epochs": epochs})
        return (
            "fine_tune",
            params,
            _("No pretrained weights were found, so a small network is trained from scratch."),
        )
    if device != "cpu" and n_train >= 50 * n_classes:
        params = from_dict(
            "fine_tune",
            {
                "backbone": "resnet50",
                "unfreeze": "all",
                "epochs": 20,
                "learning_rate": 1e-4,
                "layer_decay": 0.7,
            },
        )
        return (
            "fine_tune",
            params,
            _("There is a GPU and at least 50 images a class, so the whole network is tuned."),
        )
    if n_train < 50 * n_classes:
        return (
            "linear_probe",
            LinearProbeParams(),
            _("Under 50 images a class a linear probe is the better and quicker answer."),
        )
    return (
        "linear_probe",
        LinearProbeParams(),
        _("Without a GPU the linear probe gives its answer in about a minute."),
    )


def _checked(item, value):
    """Return `value` in the field's type, or raise ValueError naming the field."""
    kinds = get_args(item.type) if isinstance(item.type, UnionType) else (item.type,)
    if value is None and type(None) in kinds:
        return None
    value = _converted(item.name, kinds[0], value)
    limits = item.metadata
    if "choices" in limits and value not in limits["choices"]:
        raise ValueError(
            f"{item.name}: {value!r} is not one of {', '.join(map(str, limits['choices']))}."
        )
    if "min" in limits and not limits["min"] <= value <= limits["max"]:
        raise ValueError(
            f"{item.name}: {value} is not between {limits['min']} and {limits['max']}."
        )
    return value


def _converted(name: str, kind: type, value):
    if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
        raise ValueError(f"{name}: {value!r} is not a {kind.__name__}.")
    try:
        converted = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: {value!r} is not a number.") from None
    if kind is int and isinstance(value, float) and converted != value:
        raise ValueError(f"{name}: {value!r} is not a whole number.")
    return converted
