"""API operations below a tenant."""

app_name = "serving_api"
urlpatterns = []
