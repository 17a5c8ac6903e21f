"""Every runtime keeps the same promises."""

import numpy as np
import pytest
import torch

from serving import runtimes
from tests.serving import models
from training.engine import artifact, backbones, export, networks

FACTS = {"classes": models.CLASSES, "backbone": {"name": "lepton_small"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small network of random weights, exported as a run exports it."""
    torch.manual_seed(5)
    model = networks.build(backbones.get("lepton_small"), len(models.CLASSES), weights=None)
    folder = tmp_path_factory.mktemp("artifact")
    export.save(folder, model, meta=FACTS, parity_of=lambda *_exported: {})
    return folder


def opened(name, folder):
    files = {"weights": folder / artifact.WEIGHTS} if runtimes.get(name).READS_WEIGHTS else {}
    return runtimes.get(name).load(folder / artifact.GRAPH, FACTS, **files)


@pytest.mark.slow
@pytest.mark.parametrize("name", runtimes.RUNTIMES)
def test_a_runtime_gives_probabilities_and_treats_a_batch_like_its_images(name, folder):
    runtime = opened(name, folder)
    images = np.random.default_rng(0).integers(0, 256, (5, 224, 224, 3)).astype(np.uint8)
    images[2] //= 4
    together = runtime.run(images)
    assert together.shape == (5, 2) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(1), 1, atol=1e-5)
    one_by_one = np.concatenate([runtime.run(image[None]) for image in images])
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)
    assert isinstance(runtime.batches, bool) and runtime.batch_at_most > 1
    evidence = runtime.evidence(images[:1])
    assert evidence is None or evidence.shape == (2, 14, 14)


@pytest.mark.parametrize("name", runtimes.RUNTIMES)
def test_on_a_cpu_each_thread_takes_a_batch_of_its_own(name):
    assert runtimes.get(name).lanes(3) == 3
