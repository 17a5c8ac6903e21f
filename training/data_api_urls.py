"""API operations on data, below a tenant."""

urlpatterns = []
