"""The catalogue of backbones. Torch-free: forms show it; networks.py builds from it."""

import hashlib
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from training.engine.errors import WeightsMissing, gettext_noop


@dataclass(frozen=True)
class Backbone:
    """One network without its head.

    `stages` lists, in forward order, the submodules of each stage that can be frozen or tuned as
    a whole. `features` is the length of the vector it gives per image, `gflops` the work
    (multiply-adds)
    per 224 x 224 image, `cpu_ms` measured milliseconds per image on one core (ONNX Runtime,
    float32).
    `weights_file` is torchvision's own file name, its suffix the start of the file's sha256.
    """

    name: str
    title: str
    parameters: int
    features: int
    gflops: float
    cpu_ms: float
    stages: tuple[tuple[str, ...], ...]
    weights_file: str = ""
    input_size: int = 224
    note: str = ""
    defaults: dict = field(default_factory=dict)

    @property
    def pretrained(self) -> bool:
        """Whether pretrained weights exist for it."""
        return bool(self.weights_file)

    @property
    def weights_url(self) -> str:
        """Where torchvision publishes the weights."""
        return f"https://download.pytorch.org/models/{self.weights_file}"


RESNET_STAGES = (
    ("conv1", "bn1", "relu", "maxpool"),
    ("layer1",),
    ("layer2",),
    ("layer3",),
    ("layer4", "avgpool"),
)
MOBILENET_V2_STAGES = tuple(
    tuple(f"features.{index}" for index in range(first, last))
    for first, last in ((0, 2), (2, 4), (4, 7), (7, 14), (14, 19))
)
MOBILENET_V3_STAGES = tuple(
    tuple(f"features.{index}" for index in range(first, last))
    for first, last in ((0, 2), (2, 4), (4, 9), (9, 13))
)

CATALOGUE = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            "resnet18",
            "ResNet-18",
            11_176_512,
            512,
            1.8,
            40,
            RESNET_STAGES,
            "resnet18-f37072fd.pth",
            note=gettext_noop("A quick first answer on a CPU."),
        ),
        Backbone(
            "resnet50",
            "ResNet-50",
            23_508_032,
            2048,
            4.1,
            92,
            RESNET_STAGES,
            "resnet50-0676ba61.pth",
            note=gettext_noop("The reference: more accurate, twice the time of ResNet-18."),
        ),
        Backbone(
            "mobilenet_v2",
            "MobileNetV2",
            2_223_872,
            1280,
            0.3,
            9,
            MOBILENET_V2_STAGES,
            "mobilenet_v2-b0353104.pth",
            note=gettext_noop("Small and quick; for devices and high volumes."),
        ),
        Backbone(
            "mobilenet_v3_small",
            "MobileNetV3 small",
            927_008,
            576,
            0.06,
            2.2,
            MOBILENET_V3_STAGES,
            "mobilenet_v3_small-047dcff4.pth",
            note=gettext_noop("The quickest to serve."),
        ),
        Backbone(
            "lepton_small",
            "Lepton small",
            295_920,
            256,
            0.19,
            3.8,
            (("stage1",), ("stage2",), ("stage3",), ("stage4",)),
            note=gettext_noop(
                "Trains from scratch, without pretrained weights; for textures and simple shapes."
            ),
            defaults={
                "over": "fine_tune",
                "unfreeze": "all",
                "epochs": 25,
                "learning_rate": 3e-3,
                "batch_size": 16,
                "patience": 15,
                "weight_decay": 0.05,
                "augmentation": "turns",
            },
        ),
    )
}


def get(name: str) -> Backbone:
    """Return the backbone called `name`. Raises ValueError naming the known ones."""
    if name not in CATALOGUE:
        raise ValueError(f"Unknown backbone {name!r}; known are {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]


def find_weights(backbone: Backbone, weights_dir: Path, *, download: bool = False) -> Path:
    """Return the file with the backbone's pretrained weights.

    Looks for torchvision's file name, then for `<name>.pth`; fetches torchvision's only where
    `download` allows it. Raises WeightsMissing.
    """
    names = [backbone.weights_file, f"{backbone.name}.pth"]
    for name in names:
        if name and (Path(weights_dir) / name).is_file():
            return Path(weights_dir) / name
    if download and backbone.pretrained:
        return _download(backbone, Path(weights_dir))
    raise WeightsMissing(
        backbone=backbone.title,
        file_names=[name for name in names if name],
        folder=str(weights_dir),
    )


def weights_available(name: str, weights_dir: Path) -> bool:
    """Tell whether the backbone's pretrained weights lie in `weights_dir`."""
    try:
        return bool(find_weights(get(name), weights_dir))
    except WeightsMissing:
        return False


def with_weights(weights_dir: Path) -> tuple[str, ...]:
    """Return the names of the networks whose pretrained weights lie in `weights_dir`."""
    return tuple(
        one.name
        for one in CATALOGUE.values()
        if one.pretrained and weights_available(one.name, weights_dir)
    )


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(backbone: Backbone, weights_dir: Path) -> Path:
    """Fetch torchvision's file and check it against the hash in its name. Raises WeightsMissing."""
    weights_dir.mkdir(parents=True, exist_ok=True)
    target = weights_dir / backbone.weights_file
    partial = target.with_suffix(".partial")
    try:
        urllib.request.urlretrieve(backbone.weights_url, partial)  # noqa: S310 - always https
        if not sha256_of(partial).startswith(target.stem.rsplit("-", 1)[1]):
            raise OSError("the downloaded file has the wrong hash")
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise WeightsMissing(
            backbone=backbone.title, file_names=[backbone.weights_file], folder=str(weights_dir)
        ) from error
    return partial.replace(target)
