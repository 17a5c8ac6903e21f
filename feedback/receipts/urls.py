"""Pages of receipts, and feedback from a file."""

from django.urls import path

from feedback.receipts import views

ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
urlpatterns = [
    path(f"{ENGAGEMENT}feedback/receipts/", views.receipts, name="receipts"),
    path(f"{ENGAGEMENT}feedback/file/", views.from_file, name="file"),
]
