"""Pages of runs and model versions, below an engagement."""

urlpatterns = []
