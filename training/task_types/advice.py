"""Which method and settings suit how much data on which device, and why."""

from training.engine.errors import gettext_noop as _
from training.task_types.params import LinearProbeParams, from_dict

IMAGES_FROM_SCRATCH = 6000  # seen in a whole training; about 80 seconds of one CPU core


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
