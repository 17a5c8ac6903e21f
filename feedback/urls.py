"""Pages."""

app_name = "feedback"
urlpatterns = []
