"""An architecture is traced once; the graph is the exporter's own whatever weights are put in."""

import numpy as np
import onnx
import pytest
import torch

from training.engine import backbones, graph, networks, tracing

SMALL = backbones.get("lepton_small")


def trained(seed):
    """A network whose every weight and statistic differs from what it began with."""
    model = networks.build(SMALL, 2, weights=None, seed=seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.add_(torch.rand_like(value) * (0.1 if "var" in name else 0.01))
    return model


def answers(graph_bytes):
    session = graph.open_session(graph_bytes)
    images = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3)).astype(np.uint8)
    return session.run(["features", "maps"], {"images": images})


def test_it_answers_bit_for_bit_as_what_the_exporter_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(tracing, "_traced", {})
    tracing.backbone_graph(trained(1))  # of other weights
    model = trained(2)
    ours = tracing.backbone_graph(model)
    with tracing.quiet():
        program = tracing.trace(model)
        program.optimize()
    theirs = program.model_proto
    assert [one.op_type for one in ours.graph.node] == [one.op_type for one in theirs.graph.node]
    assert "BatchNormalization" not in {one.op_type for one in ours.graph.node}
    for one, other in zip(
        answers(ours.SerializeToString()), answers(theirs.SerializeToString()), strict=True
    ):
        assert np.array_equal(one, other)


def test_the_second_model_of_an_architecture_is_not_traced(monkeypatch):
    first = tracing.backbone_graph(trained(1))
    monkeypatch.setattr(tracing, "trace", pytest.fail)
    again, other = tracing.backbone_graph(trained(1)), tracing.backbone_graph(trained(2))
    assert again.SerializeToString() == first.SerializeToString()
    assert other.SerializeToString() != first.SerializeToString()


def test_what_is_remembered_holds_nobodys_weights(monkeypatch):
    monkeypatch.setattr(tracing, "_traced", {})
    whole = tracing.backbone_graph(trained(1)).ByteSize()
    (remembered,) = tracing._traced.values()
    assert len(remembered) < whole / 5
    left = onnx.ModelProto.FromString(remembered).graph.initializer
    assert not [one.name for one in left if "backbone" in one.name and one.raw_data]


def test_an_exporter_that_renames_weights_is_refused(monkeypatch):
    traced = tracing.trace

    def renaming(model):
        program = traced(model)
        program.model.graph.initializers["model.backbone.stage1.0.0.weight"].name = "w"
        return program

    monkeypatch.setattr(tracing, "_traced", {})
    monkeypatch.setattr(tracing, "trace", renaming)
    with pytest.raises(RuntimeError, match=r"lacks backbone\.stage1\.0\.0\.weight"):
        tracing.backbone_graph(trained(1))
