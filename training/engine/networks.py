"""Build networks from the catalogue: a backbone cut into stages, and a linear head."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from training.engine import vision
from training.engine.backbones import Backbone
from training.engine.errors import TrainingFailed, gettext_noop

MEAN, STD = (
    (0.485, 0.456, 0.406),
    (0.229, 0.224, 0.225),
)  # of ImageNet, as torchvision's weights expect
POOLS = ("avgpool",)  # layers of a stage that average over the picture
UNFREEZE = ("head", "last_stage", "all")


class Classifier(nn.Module):
    """uint8 images [n, 224, 224, 3] to logits float32 [n, classes], normalisation included."""

    def __init__(self, backbone: Backbone, network: nn.Module, n_classes: int):
        super().__init__()
        self.name, self.stages = backbone.name, backbone.stages
        self.backbone = network
        self.head = nn.Linear(backbone.features, n_classes)
        self.register_buffer("mean", torch.tensor(MEAN).mul(255).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).mul(255).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """The vectors the head sees: float32 [n, features]."""
        return self.finish(self.begin(images, len(self.stages)), len(self.stages))

    def begin(self, images: Tensor, cut: int) -> Tensor:
        """Normalise uint8 images and run the first `cut` stages: float32 [n, channels, height,
        width]."""
        x = (images.permute(0, 3, 1, 2).float() - self.mean) / self.std
        if hasattr(self.backbone, "enter"):
            x = self.backbone.enter(x)
        return self._run(x, self.stages[:cut])

    def finish(self, activations: Tensor, cut: int) -> Tensor:
        """Run the stages after `cut` and pool: float32 [n, features]."""
        x = self._run(activations, self.stages[cut:])
        return self.backbone.pool(x) if hasattr(self.backbone, "pool") else _mean_pool(x)

    def _run(self, x: Tensor, stages: tuple) -> Tensor:
        for stage in stages:
            for name in stage:
                x = self.backbone.get_submodule(name)(x)
        return x

    def maps(self, images: Tensor) -> Tensor:
        """What the last stage gives before it is pooled: float32 [n, channels, height, width]."""
        *before, last = self.stages
        x = self.begin(images, len(before))
        return self._run(x, (tuple(name for name in last if name not in POOLS),))

    def pooled(self, maps: Tensor) -> Tensor:
        """The features of those maps, float32 [n, features]: the same as features() gives."""
        pools = tuple(name for name in self.stages[-1] if name in POOLS)
        return self.finish(self._run(maps, (pools,)), len(self.stages))

    def set_head(self, weight: Tensor, bias: Tensor) -> None:
        """Take the head's weight [classes, features] and bias [classes]."""
        with torch.no_grad():
            self.head.weight.copy_(weight)
            self.head.bias.copy_(bias)


class Rest(nn.Module):
    """The part of a classifier after its first `cut` stages: activations [n, ...] to logits [n,
    classes]."""

    def __init__(self, model: Classifier, cut: int):
        super().__init__()
        self.model, self.cut = model, cut

    def forward(self, activations: Tensor) -> Tensor:
        return self.model.head(self.model.finish(activations, self.cut))


class LeptonSmall(nn.Module):
    """Four residual stages on 224 x 224 images, halving the side each; pools mean and maximum.

    The maximum keeps a scratch of a few pixels from drowning in the mean of a large clean surface.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 128)):
        super().__init__()
        first, second, third, fourth = widths
        self.stage1 = nn.Sequential(_conv(3, first, kernel=7, stride=2), Residual(first))
        self.stage2 = nn.Sequential(_conv(first, second, stride=2), Residual(second))
        self.stage3 = nn.Sequential(_conv(second, third, stride=2), Residual(third))
        self.stage4 = nn.Sequential(_conv(third, fourth, stride=2), Residual(fourth))

    def enter(self, x: Tensor) -> Tensor:
        """Take out each image's own brightness, tint and contrast: a defect is what differs from
        its surface."""
        centred = x - x.mean((2, 3), keepdim=True)
        return centred / (centred.square().mean((1, 2, 3), keepdim=True) + 1e-3).sqrt()

    def pool(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


class Residual(nn.Module):
    """x + conv(x), then ReLU; keeps the shape."""

    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.norm(self.conv(x)))


def build(backbone: Backbone, n_classes: int, *, weights: Path | None, seed: int = 0) -> Classifier:
    """Build the classifier, its backbone pretrained from `weights` or, without, random from `seed`.

    Raises TrainingFailed when the file does not hold this network's weights.
    """
    torch.manual_seed(seed)
    if backbone.name == "lepton_small":
        network = LeptonSmall()
    else:
        network = vision.models.get_model(backbone.name, weights=None)
        if weights is not None:
            _load(network, weights, backbone)
        _cut_head(network)
    model = Classifier(backbone, network, n_classes)
    return model.to(memory_format=torch.channels_last).eval()


def stages_from(model: Classifier, unfreeze: str) -> int:
    """Return the index of the first stage that trains under `unfreeze` (len(stages) for the head
    alone)."""
    return {"head": len(model.stages), "last_stage": len(model.stages) - 1, "all": 0}[unfreeze]


def trainable_parameters(model: Classifier, *, unfreeze: str) -> dict[str, nn.Parameter]:
    """Return the parameters that may change under "head", "last_stage" or "all", by name."""
    prefixes = ("head.", *_stage_prefixes(model, unfreeze))
    return {
        name: parameter for name, parameter in model.named_parameters() if name.startswith(prefixes)
    }


def learning_rate_factors(
    model: Classifier, *, head: float, layer_decay: float
) -> Callable[[str], float]:
    """Return what multiplies the learning rate of a parameter, by its name.

    `head` for the head, 1 for the last stage, and with each stage before it `layer_decay` times
    less (discriminative fine-tuning: Howard and Ruder, ACL 2018).
    """
    stages = list(enumerate(reversed(model.stages)))
    depth = {f"backbone.{name}.": n for n, stage in stages for name in stage}

    def factor(name: str) -> float:
        if name.startswith("head."):
            return head
        found = next((n for prefix, n in depth.items() if name.startswith(prefix)), 0)
        return layer_decay**found

    return factor


def moving_statistics(model: Classifier, *, unfreeze: str) -> dict[str, Tensor]:
    """Return the batch-norm statistics that may move under `unfreeze`, by name; all others are
    frozen."""
    prefixes = _stage_prefixes(model, unfreeze)
    return {
        name: buffer
        for name, buffer in model.named_buffers()
        if prefixes and name.startswith(prefixes)
    }


def moving(model: Classifier, *, unfreeze: str) -> dict[str, Tensor]:
    """Return all that may change under `unfreeze`, by name."""
    return {
        **trainable_parameters(model, unfreeze=unfreeze),
        **moving_statistics(model, unfreeze=unfreeze),
    }


def set_training(model: Classifier, *, unfreeze: str) -> None:
    """Put the stages that train into train mode and everything else, its batch-norm included, into
    eval mode."""
    model.eval()
    for stage in model.stages[stages_from(model, unfreeze) :]:
        for name in stage:
            model.backbone.get_submodule(name).train()


def _stage_prefixes(model: Classifier, unfreeze: str) -> tuple[str, ...]:
    return tuple(
        f"backbone.{name}."
        for stage in model.stages[stages_from(model, unfreeze) :]
        for name in stage
    )


def _load(network: nn.Module, weights: Path, backbone: Backbone) -> None:
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        network.load_state_dict(
            {
                name: value.float() if value.is_floating_point() else value
                for name, value in state.items()
            }
        )
    except Exception as error:  # torch.load fails in as many ways as files can be broken
        raise TrainingFailed(
            gettext_noop("The weights file %(file)s does not hold the weights of %(backbone)s."),
            gettext_noop("Replace it with torchvision's file of that name."),
            file=str(weights),
            backbone=backbone.title,
        ) from error


def _cut_head(network: nn.Module) -> None:
    """Drop the 1,000-class head so that only what gives features is kept and saved."""
    for name in ("fc", "classifier"):
        if hasattr(network, name):
            delattr(network, name)


def _mean_pool(x: Tensor) -> Tensor:
    return x.mean((2, 3))


def _conv(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
