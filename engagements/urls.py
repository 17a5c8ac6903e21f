"""Pages."""

from django.urls import path

from engagements import views

app_name = "engagements"
TENANT = "t/<slug:tenant>/"
ENGAGEMENT = f"{TENANT}e/<uuid:engagement>/"
urlpatterns = [
    path("", views.home, name="home"),
    path("board/", views.board, name="board"),
    path("board/open/", views.open_customer, name="open_customer"),
    path(TENANT, views.tenant, name="tenant"),
    path(f"{TENANT}open/", views.open_engagement, name="open"),
    path(ENGAGEMENT, views.overview, name="overview"),
    path(f"{ENGAGEMENT}phases/", views.phases_bar, name="phases"),
    path(f"{ENGAGEMENT}advance/", views.advance, name="advance"),
    path(f"{ENGAGEMENT}timeline/", views.timeline, name="timeline"),
    path(f"{ENGAGEMENT}requirement/", views.requirement, name="requirement"),
    path(f"{ENGAGEMENT}requirement/write/", views.write_requirement, name="write_requirement"),
]
