"""API operations above any tenant."""

from django.urls import path

from engagements import economics_api

app_name = "engagements_root_api"
urlpatterns = [path("rate-cards", economics_api.rate_cards, name="rate_cards")]
