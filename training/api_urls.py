"""API operations below a tenant."""

from training import data_api_urls, run_api_urls

app_name = "training_api"
urlpatterns = [*data_api_urls.urlpatterns, *run_api_urls.urlpatterns]
