"""Features are computed once per image and survive crowds and crashes."""

import multiprocessing

import numpy as np
import pytest

from tests.engine.pictures import rows
from training.engine import backbones, export, features, graph, networks
from training.engine.errors import Stopped, TrainingFailed
from training.engine.features import FeatureCache
from training.task_types.data import Row


@pytest.fixture(scope="module")
def graph_file(tmp_path_factory):
    model = networks.build(backbones.get("lepton_small"), 2, weights=None)
    return export.export_backbone(model, tmp_path_factory.mktemp("graph") / "small.onnx")


def opened(graph_file):
    session = graph.open_session(graph_file)
    return lambda images: graph.run(session, images, "features")


def extract(wanted, cache_dir, graph_file, *, views=2, should_stop=lambda: False, weights="w"):
    return features.extract(
        wanted,
        views=views,
        cache=FeatureCache(cache_dir, backbone="lepton_small", weights_sha256=weights),
        forward=lambda: opened(graph_file),
        progress=lambda report: None,
        should_stop=should_stop,
    )


def untouchable(row):
    def refuse():
        raise AssertionError("the image was read again")

    return Row(row.sha256, refuse, 1 - row.label, "valid", "another group")


def test_a_rerun_touches_no_pixel_whatever_the_labels_and_splits(tmp_path, graph_file):
    wanted = rows(3)
    first = extract(wanted, tmp_path, graph_file)
    again = extract([untouchable(row) for row in wanted], tmp_path, None)
    assert first.shape == (6, 2, 256)
    assert np.array_equal(first, again)


def test_only_added_images_are_read(tmp_path, graph_file):
    known = rows(2)
    extract(known, tmp_path, graph_file)
    added = rows(1, first=50)
    assert len(extract([untouchable(row) for row in known] + added, tmp_path, graph_file)) == 6


def test_other_weights_have_features_of_their_own(tmp_path, graph_file):
    wanted = rows(1)
    extract(wanted, tmp_path, graph_file)
    with pytest.raises(AssertionError, match="read again"):
        extract([untouchable(row) for row in wanted], tmp_path, graph_file, weights="others")


def test_the_second_view_is_the_mirror(tmp_path, graph_file):
    from training.engine import graph

    wanted = rows(1)
    got = extract(wanted, tmp_path, graph_file)
    mirrored = np.stack([features.read_input(row)[:, ::-1] for row in wanted])
    expected = graph.run(graph.open_session(graph_file), mirrored, "features")
    assert np.abs(got[:, 1] - expected).max() < 1e-2


def test_a_stopped_extraction_keeps_what_it_had(tmp_path, graph_file):
    wanted, answers = rows(20), iter([False, False, False, True])
    with pytest.raises(Stopped):
        extract(wanted, tmp_path, graph_file, views=1, should_stop=lambda: next(answers))
    done = 2 * graph.BATCH
    half = extract([untouchable(row) for row in wanted[:done]], tmp_path, graph_file, views=1)
    assert len(half) == done


def test_a_damaged_segment_is_computed_again(tmp_path, graph_file):
    wanted = rows(1)
    first = extract(wanted, tmp_path, graph_file)
    for segment in tmp_path.rglob("*.safetensors"):
        segment.write_bytes(segment.read_bytes()[:40])
    assert np.array_equal(extract(wanted, tmp_path, graph_file), first)


def test_an_unreadable_image_is_named(tmp_path, graph_file):
    broken = Row("c0ffee" * 10, lambda: b"not an image", 0, "train")
    with pytest.raises(TrainingFailed, match="c0ffee") as failure:
        extract([broken], tmp_path, graph_file)
    assert failure.value.hint


def write_many(folder, writer):
    cache = FeatureCache(folder, backbone="b", weights_sha256="w")
    for number in range(20):
        cache.add(
            [f"{writer}-{number}:0", f"shared-{number}:0"], np.full((2, 8), number, np.float16)
        )


def test_several_writers_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    keys = [f"{name}-{number}:0" for name in ("a", "b", "shared") for number in range(20)]
    known = FeatureCache(tmp_path, backbone="b", weights_sha256="w").get(keys)
    assert set(known) == set(keys)
    assert all((known[key] == int(key.split("-")[1][:-2])).all() for key in keys)
