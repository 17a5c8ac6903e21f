"""API operations on runs and model versions, below a tenant."""

urlpatterns = []
