"""The plain loop everybody knows: torchvision's model and transforms, a DataLoader, SGD.

As PyTorch's transfer learning tutorial has it: random resized crops and mirrors, SGD with momentum
0.9 at 0.001, a tenth after 7 epochs.
"""

import importlib
import io
import time
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from training.engine import vision
from training.engine.networks import MEAN, STD

transforms = importlib.import_module("torchvision.transforms")  # after vision has mended it


class Pictures(Dataset):
    """Rows as (normalised tensor, label)."""

    def __init__(self, rows, transform):
        self.rows, self.transform = rows, transform

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        image = Image.open(io.BytesIO(row.read())).convert("RGB")
        return self.transform(image), row.label


@dataclass
class Outcome:
    """How a plain training went."""

    correct: int
    n: int
    epoch_seconds: list[float] = field(default_factory=list)
    peak_gpu_bytes: int = 0

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


def normalised(*steps):
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])


AUGMENTED = normalised(transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip())
HELD_OUT = normalised(transforms.Resize(256), transforms.CenterCrop(224))


def train(
    data, test, *, backbone, weights, epochs, batch_size, frozen, device, workers=0, bf16=False
) -> Outcome:
    """Train all of a torchvision network, or with `frozen` its last layer alone; then test it."""
    torch.manual_seed(0)
    network = vision.models.get_model(backbone, weights=None)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    network.load_state_dict(
        {
            name: value.float() if value.is_floating_point() else value
            for name, value in state.items()
        }
    )
    if frozen:
        network.requires_grad_(False)
    network.fc = nn.Linear(network.fc.in_features, len(data.classes))
    network.to(device)
    learnt = [one for one in network.parameters() if one.requires_grad]
    optimiser = torch.optim.SGD(learnt, lr=0.001, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, 7, 0.1)
    loader = DataLoader(
        Pictures(data.train, AUGMENTED),
        batch_size,
        shuffle=True,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        persistent_workers=workers > 0,
    )
    seconds = []
    for _epoch in range(epochs):
        began = time.monotonic()
        network.train()
        for images, labels in loader:
            images, labels = (x.to(device, non_blocking=True) for x in (images, labels))
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = nn.functional.cross_entropy(network(images), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.monotonic() - began)
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    correct = _correct(network, test, device, workers)
    return Outcome(correct, len(test), seconds, peak)


@torch.no_grad()
def _correct(network, test, device, workers) -> int:
    network.eval()
    loader = DataLoader(Pictures(test, HELD_OUT), 32, num_workers=workers)
    answers = [
        (network(images.to(device)).argmax(1).cpu() == labels).sum() for images, labels in loader
    ]
    return int(sum(answers))
