"""API operations on data, below a tenant."""

from django.urls import path

from training import data_api as api
from training import import_api, label_api, similar_api

DATASET = "datasets/<uuid:dataset>"
IMPORT = "imports/<uuid:pk>"
VERSION = "dataset-versions/<uuid:pk>"
urlpatterns = [
    path("engagements/<uuid:engagement>/datasets", api.datasets, name="datasets"),
    path(DATASET, api.dataset, name="dataset"),
    path(f"{DATASET}/items", api.items, name="items"),
    path(f"{DATASET}/health", api.data_health, name="dataset_health"),
    path(f"{DATASET}/like/<uuid:like>", similar_api.like, name="like"),
    path(f"{DATASET}/labelling", label_api.labelling, name="labelling"),
    path(f"{DATASET}/labels", label_api.labels, name="labels"),
    path(f"{DATASET}/imports", import_api.imports, name="imports"),
    path(f"{DATASET}/versions", api.dataset_versions, name="dataset_versions"),
    path(IMPORT, import_api.import_, name="import"),
    path(f"{IMPORT}/cancel", import_api.import_cancel, name="import_cancel"),
    path(f"{IMPORT}/rows", import_api.import_rows, name="import_rows"),
    path(VERSION, api.dataset_version, name="dataset_version"),
    path(f"{VERSION}/items", api.version_items, name="version_items"),
    path(f"{VERSION}/diff", api.version_diff, name="version_diff"),
    path(f"{VERSION}/export/<str:kind>", api.version_export, name="version_export"),
    path(f"{VERSION}/manifest.csv", api.version_manifest, name="version_manifest"),
]
