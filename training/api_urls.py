"""API operations below a tenant."""

app_name = "training_api"
urlpatterns = []
