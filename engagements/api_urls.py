"""API operations below a tenant."""

app_name = "engagements_api"
urlpatterns = []
