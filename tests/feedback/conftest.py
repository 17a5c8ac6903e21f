"""A prediction to answer."""

import pytest

from accounts.scoping import tenant_scope
from serving.models import Prediction
from tests import world


@pytest.fixture
def place(acme, alice):
    """A tenant with one row of everything."""
    return world.build(acme, alice)


@pytest.fixture
def predict(place):
    """Log a further prediction of the tenant's endpoint: `predict(label="ok")`."""

    def log(**changes):
        facts = {"endpoint": place.endpoint, "model_version": place.model, "label": "ok"}
        facts |= {"score": 0.9, "scores": [0.9, 0.1], "latency_ms": 20, "input_sha256": "0" * 64}
        with tenant_scope(place.tenant):
            return Prediction.objects.create(**facts | changes)

    return log


@pytest.fixture
def prediction(predict):
    return predict(reference="part-1")
