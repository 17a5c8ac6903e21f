"""Pages of runs and model versions, below an engagement."""

from django.urls import path

from training import (
    approval_views,
    compose_views,
    depth_views,
    explain_views,
    model_views,
    preview_views,
    run_views,
    selection_views,
)

ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
RUNS = f"{ENGAGEMENT}runs/"
MODELS = f"{ENGAGEMENT}models/"
ANSWER = f"{MODELS}<uuid:pk>/answers/<uuid:answer>/"
urlpatterns = [
    path(RUNS, run_views.runs, name="runs"),
    path(f"{RUNS}augmented/", preview_views.augmented, name="augmented"),
    path(f"{RUNS}augmented/<uuid:version>/<int:number>/", preview_views.picture, name="picture"),
    path(f"{RUNS}start/", run_views.start_run, name="start_run"),
    path(f"{RUNS}<uuid:pk>/", run_views.run, name="run"),
    path(f"{RUNS}tensorboard/", run_views.all_events, name="all_events"),
    path(f"{RUNS}<uuid:pk>/tensorboard/", run_views.run_events, name="run_events"),
    path(f"{RUNS}<uuid:pk>/cancel/", run_views.cancel_run, name="cancel_run"),
    path(f"{ENGAGEMENT}selection/", selection_views.selection, name="selection"),
    path(f"{ENGAGEMENT}selection/choose/", selection_views.choose_model, name="choose_model"),
    path(MODELS, model_views.models, name="models"),
    path(f"{MODELS}combine/", compose_views.combine, name="combine"),
    path(f"{MODELS}<uuid:pk>/distil/", compose_views.distil, name="distil"),
    path(f"{MODELS}compare/", depth_views.compare, name="compare_models"),
    path(f"{MODELS}<uuid:pk>/decide/", approval_views.decide, name="decide_on_model"),
    path(f"{MODELS}<uuid:pk>/card/", model_views.card, name="card"),
    path(f"{MODELS}<uuid:pk>/threshold/", depth_views.threshold, name="threshold"),
    path(f"{MODELS}<uuid:pk>/closer/", depth_views.closer, name="closer"),
    path(f"{MODELS}<uuid:pk>/", model_views.model, name="model"),
    path(f"{MODELS}<uuid:pk>/answers/", model_views.answers, name="model_answers"),
    path(ANSWER, explain_views.image, name="model_image"),
    path(f"{ANSWER}explain/", explain_views.explain, name="explain"),
    path(f"{MODELS}<uuid:pk>/files/<str:name>", model_views.model_file, name="model_file"),
    path(f"{ENGAGEMENT}panels/runs/", run_views.runs_panel, name="runs_panel"),
    path(f"{ENGAGEMENT}panels/quality/", model_views.quality_panel, name="quality_panel"),
]
