"""Pages."""

app_name = "training"
urlpatterns = []
