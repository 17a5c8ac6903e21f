"""The log of predictions: written in batches by a thread, so that no answer waits for it.

Nothing is lost silently: what cannot be written now is written later, a full log makes the data
plane refuse new work, and a row the database refuses for good is counted and said aloud.
"""

import logging
import threading
from collections import defaultdict, deque
from typing import NamedTuple
from uuid import UUID

import orjson
from django.db import DataError, IntegrityError, connection
from django.db.models import Model

from accounts import usage
from accounts.scoping import tenant_scope
from lepton.lib import live
from serving import metrics
from serving.asks import Answer
from serving.database import with_database
from serving.models import Prediction, predictions_topic
from serving.refused_log import RefusedLog

FLUSH_SECONDS = 0.2  # feedback may follow an answer this closely
ANNOUNCE_EVERY = 10  # flushes: pages that show figures look again every two seconds
ROWS_AT_MOST, ROWS_AT_ONCE = 20_000, 1_000
CLOSE_SECONDS = 5.0
# One statement and one value however many rows: a quarter of what many cost through models.
WRITE = """
INSERT INTO serving_prediction (id, tenant_id, endpoint_id, model_version_id, at, source,
  api_key_id, user_id, reference, label, score, scores, latency_ms, input_sha256, input_key)
SELECT * FROM json_to_recordset(%s) AS row (id uuid, tenant_id uuid, endpoint_id uuid,
  model_version_id uuid, at timestamptz, source text, api_key_id uuid, user_id uuid,
  reference text, label text, score float8, scores float8[], latency_ms float8,
  input_sha256 text, input_key text)
"""
log = logging.getLogger(__name__)


class Row(NamedTuple):
    """One answered prediction."""

    tenant_id: UUID
    endpoint_id: UUID
    answer: Answer
    reference: str
    key_id: UUID | None
    user_id: UUID | None
    input_key: str
    source: str = Prediction.Source.API

    def __str__(self):
        return f"Prediction {self.answer.prediction_id}"

    @property
    def columns(self) -> dict:
        answer = self.answer
        best = max(range(len(answer.scores)), key=answer.scores.__getitem__)
        return {
            "id": answer.prediction_id,
            "tenant_id": self.tenant_id,
            "endpoint_id": self.endpoint_id,
            "model_version_id": answer.model.version_id,
            "at": answer.at,
            "source": self.source,
            "api_key_id": self.key_id,
            "user_id": self.user_id,
            "reference": self.reference,
            "label": answer.model.classes[best],
            "score": answer.scores[best],
            "scores": answer.scores,
            "latency_ms": answer.latency_ms,
            "input_sha256": answer.input_sha256,
            "input_key": self.input_key,
        }


class Behind(NamedTuple):
    """Another row, written in turn: what refers to a prediction follows it."""

    tenant_id: UUID
    endpoint_id: UUID
    model: Model
    key_id: None = None

    def __str__(self):
        return f"{type(self.model).__name__} {self.model.pk}"


class PredictionLog:
    """`add` may be called from any thread and never blocks."""

    def __init__(self):
        self.rows: deque[Row | Behind] = deque()
        self.refused = RefusedLog()
        self._stopped = threading.Event()
        self._flushes = 0
        self._to_announce: set[tuple[UUID, UUID]] = set()
        self._works = True
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= ROWS_AT_MOST

    def add(self, row: Row | Behind) -> None:
        self.rows.append(row)

    def close(self) -> None:
        """Write what is left; what cannot be written now is lost, and said so."""
        self._stopped.set()
        self._thread.join(CLOSE_SECONDS)
        if self.rows:
            metrics.LOST.inc(len(self.rows))
            log.critical("%s predictions could not be written before the end", len(self.rows))

    def _work(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            if self.rows or self._to_announce or self.refused.has_any:
                self._try_flush()
        self._try_flush()

    def _try_flush(self) -> None:
        try:
            with_database(self.flush)
            self._works = True
        except Exception as error:
            if self._works:  # said once an outage
                log.error("%s predictions wait to be written: %s", len(self.rows), error)
            self._works = False

    def flush(self) -> None:
        """Write what is queued now, tenant by tenant; what fails stays queued.

        What comes in meanwhile is written with the next: a statement for each costs far more.
        """
        left = len(self.rows)
        while batch := [self.rows.popleft() for _ in range(min(left, ROWS_AT_ONCE))]:
            left -= len(batch)
            by_tenant = defaultdict(list)
            for row in batch:
                by_tenant[row.tenant_id].append(row)
            unwritten = set(by_tenant)
            try:
                for tenant_id, rows in by_tenant.items():
                    _write(tenant_id, rows)
                    unwritten.discard(tenant_id)
            finally:
                self.rows.extendleft(row for row in reversed(batch) if row.tenant_id in unwritten)
            self._to_announce.update((row.tenant_id, row.endpoint_id) for row in batch)
            for row in {row.key_id: row for row in batch if row.key_id}.values():
                usage.note_use(row)
        self._announce()

    def _announce(self) -> None:
        self._flushes += 1
        due = self._flushes % ANNOUNCE_EVERY == 0 or self._stopped.is_set()
        if not due:
            return
        self.refused.flush()
        for tenant_id, endpoint_id in self._to_announce:
            live.look_again(tenant_id, predictions_topic(endpoint_id))
        self._to_announce.clear()


def _write(tenant_id: UUID, rows: list[Row | Behind]) -> None:
    """Write a tenant's rows; a row that can never be written does not hold up the others."""
    predictions = [row.columns for row in rows if isinstance(row, Row)]
    behind = defaultdict(list)
    for row in rows:
        if isinstance(row, Behind):
            behind[type(row.model)].append(row.model)
    try:
        with tenant_scope(tenant_id):
            _insert(predictions)
            for kind, models in behind.items():
                kind.objects.bulk_create(models)
    except (DataError, IntegrityError, orjson.JSONEncodeError) as error:
        if len(rows) > 1:
            for row in rows:
                _write(tenant_id, [row])
            return
        metrics.LOST.inc()
        log.critical("%s is lost: %s", rows[0], error)


def _insert(predictions: list[dict]) -> None:
    if predictions:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [orjson.dumps(predictions).decode()])
