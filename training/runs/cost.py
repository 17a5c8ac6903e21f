"""What a run will probably cost, from measured milliseconds an image."""

from training.engine import backbones
from training.task_types import params as task_params

START_SECONDS = 10  # imports, reading the network
TORCH_OVER_ONNX = (
    1.4  # measured: the training framework's forward pass against the exported graph's
)
PROBE_SECONDS = 2  # a probe on kept features
BACKWARD = 2  # a backward pass costs about two forward passes
# The share of a whole step that remains when the frozen stages' activations are kept.
SHARE = {"head": 0.02, "last_stage": 0.25, "all": 1.0}


def seconds(version, method: str, backbone_name: str, params: dict | None = None) -> float:
    """Estimate the CPU seconds of a run on `version`; right within a factor of two or so."""
    chosen = task_params.from_dict(method, {**(params or {}), "backbone": backbone_name})
    if method == "search":
        return _of_search(version, backbone_name, chosen)
    forward = backbones.get(backbone_name).cpu_ms / 1000
    train, valid, test = (version.images_in(split) for split in ("train", "valid", "test"))
    total = START_SECONDS + (train * chosen.views + valid + test) * forward
    if method == "fine_tune":
        step = forward * TORCH_OVER_ONNX * (1 + BACKWARD) * SHARE[chosen.unfreeze]
        total += chosen.epochs * (train * step + valid * forward * SHARE[chosen.unfreeze])
    return total


def _of_search(version, backbone_name: str, chosen) -> float:
    """Images are looked at once, then each trial costs what a run adds to that."""
    once = seconds(version, "linear_probe", backbone_name) if _is_probed(backbone_name) else 0
    tried = {"epochs": chosen.epochs} if chosen.epochs and chosen.over == "fine_tune" else {}
    each = PROBE_SECONDS
    if chosen.over == "fine_tune":
        each = seconds(version, "fine_tune", backbone_name, tried) - once
    most = float("inf") if chosen.minutes is None else chosen.minutes * 60
    return once + min(chosen.trials * each, most) + each


def _is_probed(backbone_name: str) -> bool:
    return backbones.get(backbone_name).pretrained
