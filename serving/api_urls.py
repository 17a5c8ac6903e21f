"""API operations below a tenant."""

from django.urls import path

from serving import api_views as views

app_name = "serving_api"
ENDPOINT = "endpoints/<slug:endpoint>"
urlpatterns = [
    path("endpoints", views.endpoints, name="endpoints"),
    path(ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{ENDPOINT}/deployments", views.deployments, name="deployments"),
    path(f"{ENDPOINT}/rollback", views.roll_back, name="roll_back"),
    path("predictions", views.predictions, name="predictions"),
    path("predictions/<uuid:pk>", views.prediction, name="prediction"),
]
