"""Somebody who trains on the same machine, until it is stopped: ResNet-18, one thread."""

import torch

from training.engine import vision


def main() -> None:
    torch.set_num_threads(1)
    model = vision.models.resnet18(weights=None)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    images, labels = torch.randn(8, 3, 224, 224), torch.zeros(8, dtype=torch.long)
    while True:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimiser.step()


if __name__ == "__main__":
    main()
