"""Pages of the review queue."""

from django.urls import path

from feedback.review import views

REVIEW = "t/<slug:tenant>/e/<uuid:engagement>/review/"
urlpatterns = [
    path(REVIEW, views.review, name="review"),
    path(f"{REVIEW}draw/", views.draw, name="review_draw"),
    path(f"{REVIEW}undo/", views.undo, name="review_undo"),
    path(f"{REVIEW}figures/", views.figures, name="review_figures"),
    path(f"{REVIEW}items/<uuid:review_item>/", views.answer, name="review_answer"),
]
