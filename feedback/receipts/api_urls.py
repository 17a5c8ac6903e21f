"""API operations of receipts, below a tenant."""

from django.urls import path

from feedback.receipts import api

urlpatterns = [
    path("engagements/<uuid:engagement>/receipts", api.receipts, name="receipts"),
    path("predictions/<uuid:prediction>/receipt", api.receipt, name="receipt"),
    path("feedback/file", api.from_file, name="file"),
]
