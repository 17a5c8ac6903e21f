"""What the customer's answers say of an engagement's health."""

import pytest

from accounts.scoping import tenant_scope
from feedback import health, services
from tests import factories

pytestmark = pytest.mark.django_db


def test_health_counts_which_doubtful_answers_were_reviewed(place, predict, alice):
    with tenant_scope(place.tenant):
        before = health.reviewed(place.engagement).evidence.get("n", 0)
        predict(score=0.9)
        doubtful = [predict(score=0.55), predict(score=0.4)]
        services.give(doubtful[0], verdict="confirm", by=alice)
        services.give(doubtful[0], verdict="correct", label="scratch", by=alice)
        reading = health.reviewed(place.engagement)
        assert reading.evidence == {"reviewed": 1, "n": before + 2}


def test_nothing_doubtful_is_not_counted_rather_than_good(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        assert health.reviewed(engagement).score is None
