"""What the steps of one training share: its data and settings, features, and the artifact."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from training.engine import (
    backbones,
    device,
    export,
    features,
    graph,
    networks,
    preprocess,
    probe,
    quantise,
)
from training.engine.errors import gettext_noop
from training.engine.progress import Progress
from training.task_types.data import Beside, Row, TrainedModel, TrainingData
from training.task_types.params import Params, to_dict

PARITY_ROWS = 8
GPU_BATCH = 256


@dataclass
class Work:
    """What the steps of one training share."""

    data: TrainingData
    params: Params
    method: str
    weights_dir: Path
    pretrained: bool
    work_dir: Path
    cache_dir: Path
    progress: Callable[[Progress], None]
    should_stop: Callable[[], bool]
    beside: Beside = field(default_factory=Beside)
    notes: dict = field(default_factory=dict)  # what else meta.json should say

    @property
    def backbone(self) -> backbones.Backbone:
        """The network that is trained."""
        return backbones.get(self.params.backbone)

    @property
    def weights(self) -> Path | None:
        """The file it starts from; None: from random numbers. Raises WeightsMissing."""
        if not (self.pretrained and self.backbone.pretrained):
            return None
        return backbones.find_weights(self.backbone, self.weights_dir)

    @cached_property
    def weights_sha256(self) -> str:
        """The hash of that file, or of what the random numbers are drawn from."""
        if self.weights is not None:
            return backbones.sha256_of(self.weights)
        drawn = f"random|{self.backbone.name}|{self.params.seed}|{torch.__version__}"
        return hashlib.sha256(drawn.encode()).hexdigest()

    @property
    def listeners(self) -> dict:
        """The two callbacks every long step takes."""
        return {"progress": self.progress, "should_stop": self.should_stop}

    def build(self) -> networks.Classifier:
        """Build the classifier as it is before training."""
        return networks.build(
            self.backbone, len(self.data.classes), weights=self.weights, seed=self.params.seed
        )

    def backbone_onnx(self) -> Path:
        """Return the untrained backbone's graph, exported the first time."""
        name = f"{self.backbone.name}-{self.weights_sha256[:32]}-maps.onnx"
        path = self.cache_dir / "graphs" / name
        return path if path.exists() else export.export_backbone(self.build(), path)

    def cache(self, precision: str) -> features.FeatureCache:
        """The backbone's features of that precision, in this tenant's cache."""
        return features.FeatureCache(
            self.cache_dir,
            backbone=self.backbone.name,
            weights_sha256=self.weights_sha256,
            precision=precision,
        )

    def forward_by_onnx(self) -> features.Forward:
        """Open the backbone's graph for the CPU: the quickest engine there."""
        session = graph.open_session(self.backbone_onnx())
        return lambda images: graph.run(session, images, "features")

    def forward_on(self, where: torch.device) -> features.Forward:
        """Put the backbone on a GPU (convolutions in TF32: 10 bits of mantissa, as float16)."""
        model = self.build().to(where)

        def forward(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                pixels = torch.from_numpy(images).to(where)
                return device.in_parts(model.features, pixels).cpu().numpy()

        return forward

    def identity(self) -> str:
        """Return the hash of everything that decides the outcome; a checkpoint of another run is
        ignored."""
        facts = [
            self.method,
            to_dict(self.params),
            self.data.fingerprint(),
            self.weights_sha256,
            preprocess.describe(),
        ]
        return hashlib.sha256(
            json.dumps([*facts, torch.__version__], sort_keys=True).encode()
        ).hexdigest()


def vectors_of(work: Work, rows: list[Row]) -> np.ndarray:
    """Return features float32 [n, views, features] of `rows`, cached where known."""
    where = device.choose()
    on_gpu = where.type == "cuda"
    return features.extract(
        rows,
        views=work.params.views,
        cache=work.cache("|tf32" if on_gpu else ""),
        forward=(lambda: work.forward_on(where)) if on_gpu else work.forward_by_onnx,
        batch=GPU_BATCH if on_gpu else graph.BATCH,
        decoders=device.decoders(where),
        **work.listeners,
    )


def fit_probe(work: Work, rows: list[Row], vectors: np.ndarray, **options) -> probe.Probe:
    """Fit the linear probe to the features of `rows`; `options` are more of probe.fit's."""
    params = work.params
    return probe.fit(
        vectors,
        labels_of(rows),
        groups_of(rows),
        n_classes=len(work.data.classes),
        targets=targets_of(rows, len(work.data.classes)),
        l2=params.l2,
        seed=params.seed,
        **options,
    )


def save(
    work: Work,
    model,
    history: list[dict],
    summary: dict,
    *,
    backbone_onnx: Path | None,
    frozen: bool = False,
) -> TrainedModel:
    """Write the artifact and say how the training went; `frozen`: only the head was trained."""
    work.progress(Progress("training", 1, 1, message=gettext_noop("Exporting the model")))
    shown = (work.data.valid or work.data.train)[:PARITY_ROWS]
    folder = work.work_dir / "model"
    meta = {
        "task_type": "image_classification",
        "method": work.method,
        "params": to_dict(work.params),
        "classes": work.data.classes,
        "backbone": {
            key: getattr(work.backbone, key)
            for key in ("name", "title", "parameters", "features", "input_size")
        },
        "weights": {
            "file": work.weights.name if work.weights else None,
            "sha256": work.weights_sha256,
        },
        "data": {
            "sha256": work.data.fingerprint(),
            "n_train": len(work.data.train),
            "n_valid": len(work.data.valid),
        },
        "device": device.describe(device.choose()),
        "history": history,
        "summary": summary,
        **work.notes,
    }
    smaller = work.params.precision == "int8"
    as_kept = frozen and not smaller
    measure = partial(_frozen_parity, work, shown) if as_kept else partial(_parity, shown)
    finish = partial(_quantised, work) if smaller else None
    kept = {"backbone_onnx": backbone_onnx, "parity_of": measure, "finish": finish}
    meta = export.save(folder, model, meta=meta, **kept)
    return TrainedModel(folder, meta, history, summary)


def _quantised(work: Work, onnx_file: Path) -> dict:
    """Turn the graph to 8-bit integers, calibrated on images the figures are not measured on."""
    work.progress(Progress("training", 1, 1, message=gettext_noop("Quantising the model")))
    rows = work.data.valid or work.data.train
    chosen = rows[:: max(1, len(rows) // quantise.MOST_IMAGES)][: quantise.MOST_IMAGES]
    return quantise.quantise(onnx_file, np.stack([features.read_input(row) for row in chosen]))


def _parity(rows: list[Row], model, onnx_file: Path) -> dict:
    images = np.stack([features.read_input(row) for row in rows])
    return export.parity(model, onnx_file, images)


def _frozen_parity(work: Work, rows: list[Row], model, onnx_file: Path) -> dict:
    """The same from kept features: of a frozen backbone both engines' are computed only once."""
    by_engine = []
    for precision, forward in (
        (features.TORCH, lambda: work.forward_on(torch.device("cpu"))),
        (features.EXACT, work.forward_by_onnx),
    ):
        kept = {"cache": work.cache(precision), "forward": forward, **work.listeners}
        by_engine.append(features.extract(rows, views=1, **kept)[:, 0])
    weight, bias = (value.detach().numpy() for value in (model.head.weight, model.head.bias))
    return export.difference(*(graph.softmax(x @ weight.T + bias) for x in by_engine))


def labels_of(rows: list[Row]) -> np.ndarray:
    """Return the label indices int64 [n]."""
    return np.array([row.label for row in rows], dtype=np.int64)


def targets_of(rows: list[Row], n_classes: int) -> np.ndarray | None:
    """Return soft labels float32 [n, classes], or None where every row has a hard one."""
    if all(row.target is None for row in rows):
        return None
    hard = np.eye(n_classes, dtype=np.float32)
    return np.stack([hard[r.label] if r.target is None else r.target for r in rows]).astype("f4")


def groups_of(rows: list[Row]) -> list[str]:
    """Return each row's group key; a row without one is its own group, shared with its exact
    duplicates."""
    return [row.group or row.sha256 for row in rows]
