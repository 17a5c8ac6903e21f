"""Pages."""

from django.urls import path

from serving import views
from serving.bulk import views as bulk

app_name = "serving"
ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
ENDPOINT = f"{ENGAGEMENT}endpoint/"
urlpatterns = [
    path(ENDPOINT, views.endpoint, name="endpoint"),
    path(f"{ENDPOINT}create/", views.create, name="create"),
    path(f"{ENDPOINT}deploy/", views.deploy, name="deploy"),
    path(f"{ENDPOINT}roll-back/", views.roll_back, name="roll_back"),
    path(f"{ENDPOINT}try/", views.try_it, name="try_it"),
    path(f"{ENDPOINT}bulk/", bulk.start, name="bulk"),
    path(f"{ENDPOINT}bulk/<uuid:pk>/cancel/", bulk.cancel, name="bulk_cancel"),
    path(f"{ENDPOINT}bulk/<uuid:pk>/answers.<str:kind>", bulk.download, name="bulk_download"),
    path(f"{ENDPOINT}parts/<slug:name>/", views.part, name="part"),
    path(f"{ENGAGEMENT}panels/endpoint/", views.panel, name="endpoint_panel"),
]
