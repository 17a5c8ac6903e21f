"""Models of data, runs and model versions, one file per noun."""

from training.models.dataset import Dataset, DatasetVersion, Image, Item, Split, VersionItem
from training.models.imports import Import, ImportRow
from training.models.model_version import EvaluatedItem, Evaluation, ModelVersion
from training.models.run import Run, RunEpoch

__all__ = [
    "Dataset",
    "DatasetVersion",
    "EvaluatedItem",
    "Evaluation",
    "Image",
    "Import",
    "ImportRow",
    "Item",
    "ModelVersion",
    "Run",
    "RunEpoch",
    "Split",
    "VersionItem",
]
