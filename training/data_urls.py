"""Pages of data, below an engagement."""

from django.urls import path

from training import data_views as views

ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
DATA = f"{ENGAGEMENT}data/"
urlpatterns = [
    path(f"{DATA}imports/<uuid:pk>/", views.import_page, name="import"),
]
