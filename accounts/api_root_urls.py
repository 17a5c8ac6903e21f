"""API operations above any tenant."""

from django.urls import path

from accounts import api

app_name = "accounts_root_api"
urlpatterns = [
    path("me", api.me, name="me"),
    path("tenants", api.tenants, name="tenants"),
]
