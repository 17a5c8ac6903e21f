"""Every runtime keeps the same promises."""

import numpy as np
import pytest

from serving import runtimes
from tests.serving import models


@pytest.mark.parametrize("name", runtimes.RUNTIMES)
def test_a_runtime_gives_probabilities_and_treats_a_batch_like_its_images(name, tmp_path):
    graph = tmp_path / "model.onnx"
    graph.write_bytes(models.graph(1))
    runtime = runtimes.get(name).load(graph, {"classes": models.CLASSES})
    images = np.random.default_rng(0).integers(0, 256, (5, 224, 224, 3)).astype(np.uint8)
    images[2] //= 4
    together = runtime.run(images)
    assert together.shape == (5, 2) and together.dtype == np.float32
    np.testing.assert_allclose(together.sum(1), 1, atol=1e-5)
    one_by_one = np.concatenate([runtime.run(image[None]) for image in images])
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)
    assert isinstance(runtime.batches, bool)
