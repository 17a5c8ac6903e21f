"""API operations below a tenant."""

from django.urls import path

from accounts import api

app_name = "accounts_api"
urlpatterns = [
    path("members", api.members, name="members"),
    path("members/<uuid:member>", api.member, name="member"),
    path("members/<uuid:member>/invite", api.invite_again, name="invite_again"),
    path("keys", api.keys, name="keys"),
    path("keys/<uuid:key>/revoke", api.revoke_key, name="revoke_key"),
    path("keys/<uuid:key>/rotate", api.rotate_key, name="rotate_key"),
    path("audit", api.audit, name="audit"),
]
