"""Pages of data iterations."""

from django.urls import path

from feedback.iteration import views

HERE = "t/<slug:tenant>/e/<uuid:engagement>/data-iteration/"
urlpatterns = [
    path(HERE, views.data_iteration, name="data_iteration"),
    path(f"{HERE}start/", views.start, name="iteration_start"),
    path(f"{HERE}policy/", views.policy, name="iteration_policy"),
    path(f"{HERE}<int:number>/", views.iteration, name="iteration"),
    path(f"{HERE}<int:number>/promote/", views.promote, name="iteration_promote"),
    path(f"{HERE}<int:number>/decline/", views.decline, name="iteration_decline"),
]
