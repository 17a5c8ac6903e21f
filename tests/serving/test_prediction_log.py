"""What the log of predictions writes is what was answered, and one bad row harms no other."""

from types import SimpleNamespace

import pytest

from accounts.scoping import tenant_scope
from serving import metrics
from serving.asks import Answer
from serving.models import Prediction
from serving.prediction_log import PredictionLog, Row
from tests import world as worlds

pytestmark = pytest.mark.django_db(transaction=True)
SCORES = [1 / 3, 0.1 + 0.2, 1e-17]


@pytest.fixture
def place(acme, alice):
    return worlds.build(acme, alice)


def row(place, reference="part 7", version=None):
    model = SimpleNamespace(version_id=version or place.model.pk, classes=["ok", "dent", "räv"])
    answer = Answer(model, SCORES, "a" * 64, 12.5)
    key = place.key.pk
    return Row(place.tenant.pk, place.endpoint.pk, answer, reference, key, None, "inputs/a.jpg")


def test_every_figure_is_kept_to_the_last_bit(place):
    log, said = PredictionLog(), row(place, 'a "quoted" name, 部品')
    log.add(said)
    log.flush()
    with tenant_scope(place.tenant):
        kept = Prediction.objects.get(pk=said.answer.prediction_id)
    assert (kept.scores, kept.score, kept.label) == (SCORES, SCORES[0], "ok")
    assert (kept.at, kept.latency_ms) == (said.answer.at, 12.5)
    assert (kept.reference, kept.source) == ('a "quoted" name, 部品', "api")
    assert (kept.api_key_id, kept.user_id) == (place.key.pk, None)
    assert (kept.input_sha256, kept.input_key) == ("a" * 64, "inputs/a.jpg")
    assert (kept.endpoint_id, kept.model_version_id) == (place.endpoint.pk, place.model.pk)


def test_a_row_the_database_refuses_is_said_and_holds_up_no_other(place, caplog):
    log, lost = PredictionLog(), metrics.LOST._value.get()
    bad, good = row(place, "half \ud800 a character"), row(place)
    log.add(bad)
    log.add(good)
    log.flush()
    with tenant_scope(place.tenant):
        assert Prediction.objects.filter(pk=good.answer.prediction_id).exists()
        assert not Prediction.objects.filter(pk=bad.answer.prediction_id).exists()
    assert metrics.LOST._value.get() == lost + 1
    assert f"Prediction {bad.answer.prediction_id} is lost" in caplog.text
    assert not log.rows
