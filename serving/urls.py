"""Pages."""

app_name = "serving"
urlpatterns = []
