"""On a GPU a model answers as its graph does on the CPU, whatever comes together."""

import threading

import numpy as np
import pytest

from serving.runtimes import onnx
from serving.runtimes import torch as runtime
from serving.runtimes.recorded import LARGEST, SIZES
from tests.serving.test_torch_runtime import opened, saved, small
from training.engine import artifact, backbones, networks

IMAGES = np.random.default_rng(1).integers(0, 256, (LARGEST + 5, 224, 224, 3)).astype(np.uint8)
NETWORKS = ("lepton_small", "mobilenet_v3_small", "resnet18")


@pytest.fixture(scope="module", params=NETWORKS)
def folder(request, tmp_path_factory):
    model = networks.build(backbones.get(request.param), 2, weights=None, seed=3)
    return saved(tmp_path_factory.mktemp(request.param), model, request.param)


def test_it_answers_like_its_graph_for_any_number_of_images(folder):
    ours, theirs = opened(folder), onnx.load(folder / artifact.GRAPH, {})
    expected = theirs.run(IMAGES)
    assert ours._recorded is not None
    for n in (*SIZES, 3, 7, 31, len(IMAGES)):
        given = ours.run(IMAGES[:n])
        assert given.dtype == np.float32
        np.testing.assert_allclose(given, expected[:n], atol=runtime.TOLERANCE)


def test_it_says_where_what_speaks_for_a_class(folder):
    seen = opened(folder).evidence(IMAGES[:1])
    wanted = onnx.load(folder / artifact.GRAPH, {}).evidence(IMAGES[:1])
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(seen / scale, wanted / scale, atol=runtime.TOLERANCE)


def test_others_answer_while_a_network_is_loaded(tmp_path):
    first, second = (saved(tmp_path / str(seed), small(seed)) for seed in (1, 2))
    answering, wrong, over = opened(first), [], threading.Event()
    expected = answering.run(IMAGES[:5])

    def ask(n):
        while not over.is_set():
            given = answering.run(IMAGES[:n])
            if not np.allclose(given, expected[:n], atol=runtime.TOLERANCE):
                wrong.append(given)

    threads = [threading.Thread(target=ask, args=[n]) for n in (1, 2, 3, 5)]
    for thread in threads:
        thread.start()
    loaded = [opened(second) for _ in range(3)]
    over.set()
    for thread in threads:
        thread.join()
    assert not wrong and all(one._recorded is not None for one in loaded)
