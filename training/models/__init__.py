"""Models of data, runs and model versions, one file per noun."""

from training.models.dataset import (
    Dataset,
    DatasetVersion,
    Image,
    Item,
    LabelChange,
    NearDuplicate,
    Split,
    VersionItem,
)
from training.models.imports import Import, ImportRow
from training.models.model_version import EvaluatedItem, Evaluation, ModelApproval, ModelVersion
from training.models.run import LabelSuspect, Run, RunEpoch
from training.models.selection import BackboneMeasurement, ModelSelection

__all__ = [
    "BackboneMeasurement",
    "Dataset",
    "DatasetVersion",
    "EvaluatedItem",
    "Evaluation",
    "Image",
    "Import",
    "ImportRow",
    "Item",
    "LabelChange",
    "LabelSuspect",
    "ModelApproval",
    "ModelSelection",
    "ModelVersion",
    "NearDuplicate",
    "Run",
    "RunEpoch",
    "Split",
    "VersionItem",
]
