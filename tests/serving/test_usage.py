"""What endpoints answered, as the meter reads it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import author
from engagements import usage
from engagements.usage import Span
from serving.models import Endpoint, Prediction
from tests import factories
from tests.engagements.candidates import dataset_version, measured

pytestmark = pytest.mark.django_db


def test_predictions_of_the_span_are_counted_in_thousands(acme, alice, in_acme):
    engagement = factories.engagement(acme, alice)
    other = factories.engagement(acme, alice, name="Another")
    model = measured(dataset_version(engagement, alice), alice, [[1, 0], [0, 1]])
    now = timezone.now()
    for one, hours in ((engagement, 1), (engagement, 2), (engagement, 50), (other, 1)):
        endpoint, _made = Endpoint.objects.get_or_create(
            engagement=one, slug=f"line-{one.name.lower()[:4]}", defaults=author(alice)
        )
        Prediction.objects.create(
            endpoint=endpoint,
            model_version=model,
            at=now - timedelta(hours=hours),
            label="ok",
            score=0.9,
            scores=[0.9, 0.1],
            latency_ms=3,
            input_sha256="0" * 64,
        )
    span = Span(1, now - timedelta(days=1), now)
    assert usage.measure("predictions", engagement, span) == (Decimal("0.002"), 0)
    assert usage.measure("predictions", other, span) == (Decimal("0.001"), 0)
