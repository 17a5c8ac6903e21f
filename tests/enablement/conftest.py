"""A course of two lessons, and an engagement it is taught in."""

import pytest

from accounts.scoping import tenant_scope
from tests import factories

QUESTION = {
    "text": "What is n?",
    "options": [
        {"text": "A name", "is_right": False},
        {"text": "A count", "is_right": True},
    ],
    "why": "It is how many images were counted.",
}


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def course(db):
    """Two lessons for operators, each with a question."""
    lessons = [
        {"title": "Figures", "body": "## What n is\nA **count**.", "questions": [QUESTION]},
        {"title": "More figures", "questions": [QUESTION]},
    ]
    return factories.course("operator", "Reading figures", *lessons)


@pytest.fixture
def lessons(course):
    return list(course.published.lessons.all())


@pytest.fixture
def here(engagement):
    """The address of customer training."""
    return f"/t/acme/e/{engagement.pk}/customer-training/"


@pytest.fixture
def in_scope(acme):
    with tenant_scope(acme):
        yield
