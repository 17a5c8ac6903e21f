"""Pages."""

from django.urls import include, path

from feedback import views
from feedback.erasure import urls as erasure_urls
from feedback.tickets import urls as ticket_urls
from feedback.tickets import views as ticket_views
from feedback.trace import views as trace_views

app_name = "feedback"
ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
urlpatterns = [
    path(f"{ENGAGEMENT}feedback/", views.predictions, name="predictions"),
    path(f"{ENGAGEMENT}feedback/<uuid:prediction>/", views.prediction, name="prediction"),
    path(f"{ENGAGEMENT}predictions/<uuid:prediction>/feedback/", views.give, name="give"),
    path(ENGAGEMENT, include(erasure_urls.urlpatterns)),
    path(ENGAGEMENT, include(ticket_urls.urlpatterns)),
    path("board/tickets/", ticket_views.queue, name="ticket_queue"),
    path(f"{ENGAGEMENT}trace/", trace_views.trace, name="trace"),
    path(f"{ENGAGEMENT}panels/feedback/", views.panel, name="panel"),
]
