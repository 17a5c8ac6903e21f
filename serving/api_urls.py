"""API operations below a tenant."""

from django.urls import path

from serving import api_views as views
from serving import bundle_views
from serving import challenger_api as beside
from serving.bulk import api as bulk
from serving.exercises import api as exercises

app_name = "serving_api"
ENDPOINT = "endpoints/<slug:endpoint>"
CHALLENGER = f"{ENDPOINT}/challengers/<uuid:challenger>"
BULK = "bulk-predictions/<uuid:pk>"
urlpatterns = [
    path("endpoints", views.endpoints, name="endpoints"),
    path(ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{ENDPOINT}/deployments", views.deployments, name="deployments"),
    path(f"{ENDPOINT}/rollback", views.roll_back, name="roll_back"),
    path(f"{ENDPOINT}/challengers", beside.challengers_of, name="challengers"),
    path(CHALLENGER, beside.challenger, name="challenger"),
    path(f"{CHALLENGER}/stop", beside.stop, name="challenger_stop"),
    path(f"{CHALLENGER}/promote", beside.promote, name="challenger_promote"),
    path(f"{CHALLENGER}/disagreements", beside.disagreements, name="disagreements"),
    path(f"{ENDPOINT}/answered", beside.answered, name="answered"),
    path(f"{ENDPOINT}/now", beside.endpoint_now, name="now"),
    path(f"{ENDPOINT}/bulk-predictions", bulk.bulk_predictions, name="bulk_predictions"),
    path(BULK, bulk.bulk_prediction, name="bulk_prediction"),
    path(f"{BULK}/cancel", bulk.cancel, name="bulk_cancel"),
    path(f"{BULK}/results/<str:kind>", bulk.bulk_results, name="bulk_results"),
    path(f"{ENDPOINT}/load-tests", exercises.load_tests, name="load_tests"),
    path("load-tests/<uuid:load_test>", exercises.load_test, name="load_test"),
    path("load-tests/<uuid:load_test>/cancel", exercises.cancel_load_test, name="cancel_load_test"),
    path(f"{ENDPOINT}/drills", exercises.drills, name="drills"),
    path("model-versions/<uuid:version>/bundle", bundle_views.bundle_api, name="bundle"),
    path("predictions", views.predictions, name="predictions"),
    path("predictions/<uuid:pk>", views.prediction, name="prediction"),
]
