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
from training.models.explanation import Explanation, ImageVector
from training.models.imports import Import, ImportRow
from training.models.labelling import LabelEntry
from training.models.model_version import EvaluatedItem, Evaluation, ModelApproval, ModelVersion
from training.models.run import LabelSuspect, Run, RunEpoch
from training.models.selection import BackboneMeasurement, ModelSelection
from training.models.trial import RunSource, Trial

__all__ = [
    "BackboneMeasurement",
    "Dataset",
    "DatasetVersion",
    "EvaluatedItem",
    "Evaluation",
    "Explanation",
    "Image",
    "ImageVector",
    "Import",
    "ImportRow",
    "Item",
    "LabelChange",
    "LabelEntry",
    "LabelSuspect",
    "ModelApproval",
    "ModelSelection",
    "ModelVersion",
    "NearDuplicate",
    "Run",
    "RunEpoch",
    "RunSource",
    "Split",
    "Trial",
    "VersionItem",
]
