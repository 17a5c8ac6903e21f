"""API operations of data iterations, below a tenant."""

from django.urls import path

from feedback.iteration import api

ENGAGEMENT = "engagements/<uuid:engagement>"
ONE = "data-iterations/<uuid:data_iteration>"
urlpatterns = [
    path(f"{ENGAGEMENT}/iteration-policy", api.policy, name="iteration_policy"),
    path(f"{ENGAGEMENT}/data-iterations", api.iterations, name="data_iterations"),
    path(f"{ENGAGEMENT}/data-iterations/stand", api.stand, name="data_iteration_stand"),
    path(ONE, api.iteration, name="data_iteration"),
    path(f"{ONE}/promote", api.promote, name="data_iteration_promote"),
    path(f"{ONE}/decline", api.decline, name="data_iteration_decline"),
]
