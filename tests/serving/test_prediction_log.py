"""What the log of predictions writes is what was answered, and one bad row harms no other."""

from types import SimpleNamespace

import pytest

from accounts.scoping import tenant_scope
from serving import metrics, prediction_log
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


def test_what_comes_in_while_rows_are_written_waits_for_the_next_time(place, monkeypatch):
    log, written = PredictionLog(), []

    def write(tenant_id, rows):
        written.append(len(rows))
        log.add(row(place))  # as a quick model answers meanwhile

    monkeypatch.setattr(prediction_log, "_write", write)
    for _number in range(3):
        log.add(row(place))
    log.flush()
    assert (written, len(log.rows)) == ([3], 1)
    log.flush()
    assert (written, len(log.rows)) == ([3, 1], 1)


def test_a_long_queue_is_written_in_several_statements(place, monkeypatch):
    log, written = PredictionLog(), []
    monkeypatch.setattr(prediction_log, "_write", lambda tenant_id, rows: written.append(len(rows)))
    monkeypatch.setattr(prediction_log, "ROWS_AT_ONCE", 2)
    for _number in range(5):
        log.add(row(place))
    log.flush()
    assert (written, len(log.rows)) == ([2, 2, 1], 0)
