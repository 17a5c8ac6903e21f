"""Export a backbone to ONNX and a classifier to an artifact folder; load it back into torch."""

import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from training.engine import artifact, backbones, graph, networks, preprocess

LIBRARIES = (
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "numpy",
    "scikit-learn",
    "pillow",
    "simplejpeg",
)


def export_backbone(model: networks.Classifier, target: Path) -> Path:
    """Write `model` without its head as ONNX: images uint8 [n, 224, 224, 3] to features float32
    [n, features] and maps, what they were pooled from, float32 [n, channels, height, width]."""
    from training.engine import tracing  # brings libraries that reading an artifact does not need

    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkstemp(dir=target.parent, suffix=".partial")[1])
    partial.write_bytes(tracing.backbone_graph(model.cpu().eval()).SerializeToString())
    return partial.replace(target)


def save(
    folder: Path,
    model: networks.Classifier,
    *,
    backbone_onnx: Path | None = None,
    meta: dict,
    parity_of: Callable[[networks.Classifier, Path], dict],
    finish: Callable[[Path], dict] | None = None,
) -> dict:
    """Write model.safetensors, model.onnx and meta.json; returns meta.json's content.

    `backbone_onnx`, the graph of an unchanged backbone, saves exporting it again; it is put beside
    them with head.safetensors, unless the graph is changed. `parity_of(model, model.onnx)`
    measures the parity of ONNX with torch, after `finish(model.onnx)` changed the graph where it is
    given; what that returns is kept under "quantised". meta.json is written last: a folder with it
    is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("meta.json", artifact.HEAD, artifact.BACKBONE):
        (folder / name).unlink(missing_ok=True)
    model = model.cpu().float().eval()
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()},
        folder / "model.safetensors",
    )
    exported = backbone_onnx or export_backbone(model, folder / artifact.BACKBONE)
    weight, bias = (value.detach().numpy() for value in (model.head.weight, model.head.bias))
    graph.attach_head(exported, weight, bias, folder / "model.onnx")
    if backbone_onnx and not finish:
        artifact.write_head(folder, weight, bias, backbone=backbone_onnx)
        shutil.copyfile(backbone_onnx, folder / artifact.BACKBONE)
    else:
        (folder / artifact.BACKBONE).unlink(missing_ok=True)
    changed = {"quantised": finish(folder / "model.onnx")} if finish else {}
    facts = {
        **changed,
        "preprocessing": preprocess.describe(),
        "onnx": {"input": "images", "outputs": ["probabilities", "features", "evidence"]},
        "libraries": {name: version(name) for name in LIBRARIES},
        "parity": parity_of(model, folder / "model.onnx"),
    }
    return artifact.write_meta(folder, {**meta, **facts})


def load_torch(folder: Path) -> networks.Classifier:
    """Build the saved classifier in torch, in eval mode. Raises ArtifactCorrupt."""
    meta = artifact.read_meta(folder)
    model = networks.build(
        backbones.get(meta["backbone"]["name"]), len(meta["classes"]), weights=None
    )
    try:
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except Exception as error:  # safetensors and torch each raise their own kinds
        raise artifact.ArtifactCorrupt(folder / "model.safetensors", str(error)) from error
    return model.eval()


def parity(model: networks.Classifier, onnx_file: Path, images: np.ndarray) -> dict:
    """Compare ONNX Runtime with torch on uint8 `images`: n, largest probability difference, share
    of equal labels."""
    with torch.no_grad():
        ours = model(torch.from_numpy(images)).softmax(1).numpy()
    theirs = graph.run(graph.open_session(onnx_file), images, "probabilities")
    return difference(ours, theirs)


def difference(ours: np.ndarray, theirs: np.ndarray) -> dict:
    """Compare probabilities [n, classes] of torch and ONNX, as parity does."""
    return {
        "n": len(ours),
        "max_probability_difference": float(np.abs(ours - theirs).max()),
        "label_agreement": float((ours.argmax(1) == theirs.argmax(1)).mean()),
    }
