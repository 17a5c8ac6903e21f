"""Pages."""

from training import data_urls, run_urls

app_name = "training"
urlpatterns = [*data_urls.urlpatterns, *run_urls.urlpatterns]
