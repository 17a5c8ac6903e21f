"""API operations above any tenant."""

urlpatterns = []
