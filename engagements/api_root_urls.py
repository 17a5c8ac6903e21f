"""API operations above the tenants."""

from django.urls import path

from engagements import economics_api, portfolio_api, template_api

app_name = "engagements_root_api"
urlpatterns = [
    path("rate-cards", economics_api.rate_cards, name="rate_cards"),
    path("engagements", portfolio_api.engagements, name="all_engagements"),
    path("portfolio", portfolio_api.portfolio, name="portfolio"),
    path("asks", portfolio_api.asks, name="all_asks"),
    path("templates", template_api.templates, name="all_templates"),
    path("templates/<slug:template_key>", template_api.template, name="whole_template"),
]
