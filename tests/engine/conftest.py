"""A trained model and random weights under torchvision's names, made once."""

import pytest
import torch

from tests.engine.pictures import small_data
from training.engine import vision
from training.task_types import image_classification, params


@pytest.fixture(scope="session")
def weights_dir(tmp_path_factory):
    """A weights folder with a ResNet-18 that never learned anything."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(7)
    torch.save(vision.models.resnet18(weights=None).state_dict(), folder / "resnet18.pth")
    return folder


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    """A cache that runs share, as they do in production."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def probe_model(tmp_path_factory, weights_dir, cache_dir):
    """A linear probe on that ResNet-18."""
    folder = tmp_path_factory.mktemp("probe")
    return image_classification.train(
        small_data(),
        params.from_dict("linear_probe", {"backbone": "resnet18"}),
        method="linear_probe",
        work_dir=folder / "work",
        weights_dir=weights_dir,
        cache_dir=cache_dir,
    )
