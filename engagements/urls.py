"""Pages."""

app_name = "engagements"
urlpatterns = []
