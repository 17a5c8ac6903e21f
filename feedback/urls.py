"""Pages."""

from django.urls import include, path

from feedback import views
from feedback.alerts import urls as alert_urls
from feedback.erasure import urls as erasure_urls
from feedback.monitoring import urls as monitoring_urls
from feedback.tickets import urls as ticket_urls
from feedback.tickets import views as ticket_views
from feedback.trace import views as trace_views

app_name = "feedback"
ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
urlpatterns = [
    path("", include("feedback.review.urls")),
    path("", include("feedback.receipts.urls")),
    path("", include("feedback.iteration.urls")),
    path(f"{ENGAGEMENT}feedback/", views.predictions, name="predictions"),
    path(f"{ENGAGEMENT}feedback/<uuid:prediction>/", views.prediction, name="prediction"),
    path(f"{ENGAGEMENT}predictions/<uuid:prediction>/feedback/", views.give, name="give"),
    path(ENGAGEMENT, include(erasure_urls.urlpatterns)),
    path(ENGAGEMENT, include(ticket_urls.urlpatterns)),
    path("board/tickets/", ticket_views.queue, name="ticket_queue"),
    path(f"{ENGAGEMENT}trace/", trace_views.trace, name="trace"),
    path(f"{ENGAGEMENT}panels/feedback/", views.panel, name="panel"),
    *monitoring_urls.pages,
    *alert_urls.pages,
]
