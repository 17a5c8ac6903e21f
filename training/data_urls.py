"""Pages of data, below an engagement."""

from django.urls import path

from training import data_views as views
from training import label_views

ENGAGEMENT = "t/<slug:tenant>/e/<uuid:engagement>/"
DATA = f"{ENGAGEMENT}data/"
IMPORT = f"{DATA}imports/<uuid:pk>/"
VERSION = f"{DATA}versions/<uuid:pk>/"
urlpatterns = [
    path(DATA, views.data, name="data"),
    path(f"{DATA}upload/", views.upload, name="upload"),
    path(f"{DATA}<uuid:dataset>/freeze/", views.freeze, name="freeze"),
    path(f"{DATA}<uuid:dataset>/change/", views.change_items, name="change_items"),
    path(f"{DATA}<uuid:dataset>/gallery/", views.data_gallery, name="data_gallery"),
    path(f"{DATA}<uuid:dataset>/label/", label_views.label, name="label"),
    path(f"{DATA}<uuid:dataset>/label/<uuid:waiting>/", label_views.suggestion, name="suggestion"),
    path(IMPORT, views.import_page, name="import"),
    path(f"{IMPORT}cancel/", views.import_cancel, name="import_cancel"),
    path(f"{IMPORT}rows.csv", views.import_rows, name="import_rows"),
    path(VERSION, views.version_page, name="dataset_version"),
    path(f"{VERSION}gallery/", views.version_gallery, name="version_gallery"),
    path(f"{VERSION}export/<str:kind>/", views.version_export, name="version_export"),
    path(f"{ENGAGEMENT}panels/data/", views.panel, name="data_panel"),
]
