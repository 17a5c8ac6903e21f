"""API operations below a tenant."""

from django.urls import path

from feedback import api
from feedback.alerts import urls as alert_urls
from feedback.monitoring import urls as monitoring_urls

app_name = "feedback_api"
urlpatterns = [
    path("predictions/<uuid:prediction>/feedback", api.of_prediction, name="of_prediction"),
    path("feedback", api.referred, name="referred"),
    path("feedback/bulk", api.many, name="many"),
    *monitoring_urls.operations,
    *alert_urls.operations,
]
