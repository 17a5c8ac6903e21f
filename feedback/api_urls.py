"""API operations below a tenant."""

app_name = "feedback_api"
urlpatterns = []
