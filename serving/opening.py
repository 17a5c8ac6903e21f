"""From a deployment's row to a model that answers: its files fetched, verified, opened, tried.

Where only a head was trained, the graph is the untrained backbone's, which all such versions of all
tenants share; a version of its own kind brings its whole graph.
"""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from serving import artifacts
from serving.artifacts import Unloadable
from serving.heads import Head
from serving.runtimes import Runtime, RuntimeModule
from serving.shelf import Opened, Shelf, Shelved
from serving.system import Wanted

log = logging.getLogger(__name__)


class Model(NamedTuple):
    """A deployment that answers: `runtime` gives probabilities, or what `head` makes them of."""

    deployment_id: UUID
    deployment_number: int
    version_id: UUID
    version_number: int
    classes: list[str]
    resize: int
    crop: int
    runtime: Runtime
    head: Head | None = None
    tenant_id: UUID | None = None
    tenant: str = ""  # its short name
    platform: str = "onnxruntime_onnx"

    def scores(self, given: np.ndarray) -> np.ndarray:
        """Return probabilities float32 [classes] from what the runtime gave for one image."""
        return given if self.head is None else self.head.answer(given)

    def evidence(self, image: np.ndarray) -> np.ndarray | None:
        """Take uint8 [1, side, side, 3]; return what speaks for each class where, float32 [classes,
        height, width], or None if the graph cannot say."""
        found = self.runtime.evidence(image)
        return found if found is None or self.head is None else self.head.evidence(found)

    @property
    def in_memory(self) -> bool:
        return not isinstance(self.runtime, Shelved) or self.runtime.runtime is not None


class Opener:
    """Opens models by one kind of runtime."""

    def __init__(self, runtime: RuntimeModule, shelf: Shelf):
        self.runtime, self.shelf = runtime, shelf

    def bring(self, row: Wanted) -> Model:
        """Open what a deployment needs. Raises Unloadable when that can never succeed.

        One that has answered before is left for the first request where memory is short.
        """
        artifacts.refuse_other_preprocessing(row.meta)
        found = self._on_backbone(row)
        model = _model(row, *(found or (self._whole(row), None)), self.runtime.PLATFORM)
        if found or row.state != "live" or self.shelf.fits(model.runtime):
            self.bring_back(model)
        return model

    def bring_back(self, model: Model) -> None:
        """Have its graph in memory. Raises Unloadable, and NoRoom when there is none just now."""
        self.shelf.bring(model.runtime)
        _try(model)

    def _on_backbone(self, row: Wanted) -> tuple[Shelved, Head] | None:
        """The shared graph and the head; None where it has none, or the shared graph is lost."""
        sha256 = artifacts.head_hash(row.meta)
        if sha256 is None or not self.runtime.SHARES_BACKBONES:
            return None
        weight, bias, backbone = artifacts.head(row.storage_prefix, sha256)
        graph = self._place(row, partial(artifacts.backbone, backbone), backbone, stays=True)
        try:
            self.shelf.bring(graph)
        except Unloadable as error:
            log.error("%s/%s answers by its whole graph: %s", *row.address, error)
            return None
        return graph, Head(weight, bias)

    def _whole(self, row: Wanted) -> Shelved:
        sha256, size_bytes = artifacts.graph_facts(row.meta)
        fetch = partial(artifacts.whole_graph, row.storage_prefix, sha256)
        return self._place(row, fetch, sha256, owner=row.tenant_id, size_bytes=size_bytes)

    def _place(self, row: Wanted, fetch: Callable[[], Path], sha256: str, **facts) -> Shelved:
        crop = row.meta["preprocessing"]["centre_crop"]
        return self.shelf.place(sha256, partial(self._open, fetch, row, crop), **facts)

    def _open(self, fetch: Callable[[], Path], row: Wanted, crop: int) -> Opened:
        """Open a graph and run it once, so that no client waits for what happens only then."""
        file, meta, more = fetch(), row.meta, {}
        if self.runtime.READS_WEIGHTS:
            more["weights"] = artifacts.weights(row.storage_prefix, meta)
            meta = artifacts.description(row.storage_prefix)
        try:
            runtime = self.runtime.load(file, meta, **more)
        except (MemoryError, Unloadable):
            raise
        except Exception as error:  # each runtime raises its own kinds
            raise Unloadable(_("The graph cannot be opened: %s") % first_line(error)) from error
        try:
            return runtime, runtime.run(np.zeros((1, crop, crop, 3), np.uint8))[0]
        except MemoryError:
            raise
        except Exception as error:
            raise Unloadable(_("The graph cannot be run: %s") % first_line(error)) from error


def _model(row: Wanted, graph: Shelved, head: Head | None, platform: str) -> Model:
    preprocessing = row.meta["preprocessing"]
    return Model(
        row.deployment_id,
        row.deployment_number,
        row.model_version_id,
        row.model_version_number,
        row.classes,
        preprocessing["resize_short_side"],
        preprocessing["centre_crop"],
        graph,
        head,
        row.tenant_id,
        row.tenant_slug,
        platform,
    )


def _try(model: Model) -> None:
    """Raise Unloadable unless it answers a black image with one score per class."""
    try:
        answer = model.scores(model.runtime.sample)
    except ValueError as error:
        raise Unloadable(_("The head does not fit its backbone: %s") % error) from error
    if answer.shape != (len(model.classes),) or not np.isfinite(answer).all():
        raise Unloadable(_("The graph does not answer with one score per class."))


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
