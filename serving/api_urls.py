"""API operations below a tenant."""

from django.urls import path

from serving import api_views as views
from serving import bundle_views
from serving.exercises import api as exercises

app_name = "serving_api"
ENDPOINT = "endpoints/<slug:endpoint>"
urlpatterns = [
    path("endpoints", views.endpoints, name="endpoints"),
    path(ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{ENDPOINT}/deployments", views.deployments, name="deployments"),
    path(f"{ENDPOINT}/rollback", views.roll_back, name="roll_back"),
    path(f"{ENDPOINT}/load-tests", exercises.load_tests, name="load_tests"),
    path("load-tests/<uuid:load_test>", exercises.load_test, name="load_test"),
    path("load-tests/<uuid:load_test>/cancel", exercises.cancel_load_test, name="cancel_load_test"),
    path(f"{ENDPOINT}/drills", exercises.drills, name="drills"),
    path("model-versions/<uuid:version>/bundle", bundle_views.bundle_api, name="bundle"),
    path("predictions", views.predictions, name="predictions"),
    path("predictions/<uuid:pk>", views.prediction, name="prediction"),
]
