"""API operations below a tenant."""

from django.urls import include, path

from feedback import api
from feedback.alerts import urls as alert_urls
from feedback.erasure import api_urls as erasure_urls
from feedback.monitoring import urls as monitoring_urls
from feedback.tickets import api_urls as ticket_urls
from feedback.trace import api as trace_api

app_name = "feedback_api"
urlpatterns = [
    path("", include("feedback.review.api_urls")),
    path("", include("feedback.receipts.api_urls")),
    path("", include("feedback.iteration.api_urls")),
    path("predictions/<uuid:prediction>/feedback", api.of_prediction, name="of_prediction"),
    path("trace", trace_api.trace, name="trace"),
    path("", include(erasure_urls.urlpatterns)),
    path("", include(ticket_urls.urlpatterns)),
    path("feedback", api.referred, name="referred"),
    path("feedback/bulk", api.many, name="many"),
    *monitoring_urls.operations,
    *alert_urls.operations,
]
