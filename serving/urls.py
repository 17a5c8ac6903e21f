"""Pages."""

from django.urls import path

from serving import bundle_views, challenger_views, views
from serving.bulk import views as bulk
from serving.exercises import views as exercises

app_name = "serving"
ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
ENDPOINT = f"{ENGAGEMENT}endpoint/"
CHALLENGER = f"{ENDPOINT}challengers/<uuid:challenger>/"
GO_LIVE = f"{ENGAGEMENT}go-live/"
BUNDLE = f"{ENGAGEMENT}models/<uuid:version>/bundle/"
urlpatterns = [
    path(ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{ENDPOINT}create/", views.create, name="create"),
    path(f"{ENDPOINT}deploy/", views.deploy, name="deploy"),
    path(f"{ENDPOINT}roll-back/", views.roll_back, name="roll_back"),
    path(f"{ENDPOINT}challenge/", challenger_views.challenge, name="challenge"),
    path(f"{CHALLENGER}stop/", challenger_views.stop, name="challenger_stop"),
    path(f"{CHALLENGER}promote/", challenger_views.promote, name="challenger_promote"),
    path(f"{CHALLENGER}disagreements/", challenger_views.disagreements, name="disagreements"),
    path(f"{ENDPOINT}answered/", challenger_views.answered, name="answered"),
    path(f"{ENDPOINT}now/", challenger_views.endpoint_now, name="now"),
    path(f"{ENDPOINT}try/", views.try_it, name="try_it"),
    path(f"{ENDPOINT}bulk/", bulk.start, name="bulk"),
    path(f"{ENDPOINT}bulk/<uuid:pk>/cancel/", bulk.cancel, name="bulk_cancel"),
    path(f"{ENDPOINT}bulk/<uuid:pk>/answers.<str:kind>", bulk.download, name="bulk_download"),
    path(f"{ENDPOINT}parts/<slug:name>/", views.part, name="part"),
    path(f"{GO_LIVE}load-tests/start/", exercises.start_load_test, name="start_load_test"),
    path(f"{GO_LIVE}load-tests/<uuid:load_test>/", exercises.load_test, name="load_test"),
    path(
        f"{GO_LIVE}load-tests/<uuid:load_test>/cancel/",
        exercises.cancel_load_test,
        name="cancel_load_test",
    ),
    path(f"{GO_LIVE}drills/start/", exercises.start_drill, name="start_drill"),
    path(BUNDLE, bundle_views.bundle, name="bundle"),
    path(f"{BUNDLE}panel/", bundle_views.bundle_panel, name="bundle_panel"),
    path(f"{ENGAGEMENT}panels/exercises/", exercises.panel, name="exercises_panel"),
    path(f"{ENGAGEMENT}panels/exercises/<slug:name>/", exercises.part, name="exercises_part"),
    path(f"{ENGAGEMENT}panels/endpoint/", views.panel, name="endpoint_panel"),
]
