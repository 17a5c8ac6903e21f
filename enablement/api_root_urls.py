"""API operations above any tenant."""

from django.urls import path

from enablement import course_api

app_name = "enablement_root_api"
COURSE = "courses/<slug:course_key>"
urlpatterns = [
    path("courses", course_api.courses, name="courses"),
    path(COURSE, course_api.course, name="course"),
    path(f"{COURSE}/publish", course_api.publish, name="publish"),
    path(f"{COURSE}/files", course_api.files, name="files"),
]
