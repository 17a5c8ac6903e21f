"""API operations on runs and model versions, below a tenant."""

from django.urls import path

from training import (
    approval_views,
    compose_api,
    depth_api,
    explain_api,
    model_api,
    run_api,
    selection_api,
)

ENGAGEMENT = "engagements/<uuid:engagement>"
RUN = "runs/<uuid:run>"
VERSION = "model-versions/<uuid:version>"
urlpatterns = [
    path("catalogue", run_api.catalogue, name="catalogue"),
    path(f"{ENGAGEMENT}/recommendation", selection_api.recommendation, name="recommendation"),
    path(f"{ENGAGEMENT}/selections", selection_api.selections, name="selections"),
    path(f"{ENGAGEMENT}/runs", run_api.runs, name="runs"),
    path(RUN, run_api.run, name="run"),
    path(f"{RUN}/cancel", run_api.cancel, name="cancel_run"),
    path(f"{RUN}/epochs", run_api.epochs, name="epochs"),
    path(f"{RUN}/trials", compose_api.trials, name="trials"),
    path(f"{ENGAGEMENT}/model-versions", model_api.model_versions, name="model_versions"),
    path(VERSION, model_api.model_version, name="model_version"),
    path(f"{VERSION}/files", model_api.files, name="model_files"),
    path(f"{VERSION}/evaluations", model_api.evaluations, name="evaluations"),
    path(f"{VERSION}/explanations", explain_api.explanations, name="explanations"),
    path("explanations/<uuid:explanation>", explain_api.explanation, name="explanation"),
    path(f"{VERSION}/lineage", compose_api.lineage_of, name="model_lineage"),
    path(f"{VERSION}/card", model_api.card, name="model_card"),
    path(f"{VERSION}/approvals", approval_views.approvals_of, name="model_approvals"),
    path(f"{VERSION}/compare/<uuid:other>", depth_api.compare, name="compare_models"),
    path("evaluations/<uuid:evaluation>/threshold", depth_api.threshold, name="threshold"),
    path("evaluations/<uuid:evaluation>/closer", depth_api.closer, name="closer"),
    path("evaluations/<uuid:evaluation>/items", model_api.items, name="evaluation_items"),
]
