"""API operations of erasures, below a tenant."""

from django.urls import path

from feedback.erasure import api

urlpatterns = [
    path("engagements/<uuid:engagement>/erasures", api.erasures, name="erasures"),
    path("erasures/<uuid:erasure>", api.erasure, name="erasure"),
    path("erasures/<uuid:erasure>/confirm", api.confirm, name="confirm_erasure"),
    path("erasures/<uuid:erasure>/withdraw", api.withdraw, name="withdraw_erasure"),
]
