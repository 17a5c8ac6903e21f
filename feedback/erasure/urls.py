"""Pages of erasures, below an engagement."""

from django.urls import path

from feedback.erasure import views

urlpatterns = [
    path("erasures/", views.erasures, name="erasures"),
    path("erasures/<uuid:erasure>/", views.erasure, name="erasure"),
    path("erasures/<uuid:erasure>/confirm/", views.confirm, name="confirm_erasure"),
    path("erasures/<uuid:erasure>/withdraw/", views.withdraw, name="withdraw_erasure"),
]
