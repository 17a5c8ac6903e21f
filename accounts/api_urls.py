"""API operations below a tenant."""

app_name = "accounts_api"
urlpatterns = []
