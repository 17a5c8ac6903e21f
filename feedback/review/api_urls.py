"""API operations of the review queue, below a tenant."""

from django.urls import path

from feedback.review import api

REVIEW = "engagements/<uuid:engagement>/review"
urlpatterns = [
    path(REVIEW, api.review, name="review"),
    path(f"{REVIEW}/draws", api.draws, name="review_draws"),
    path(f"{REVIEW}/next", api.following, name="review_next"),
    path(f"{REVIEW}/undo", api.undo, name="review_undo"),
    path("engagements/<uuid:engagement>/reviewers", api.reviewers, name="reviewers"),
    path("review-items/<uuid:review_item>/answers", api.answers, name="review_answers"),
]
