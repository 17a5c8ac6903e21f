"""Which model answers where: follows the deployments and loads new ones off the request's path.

A deployment is fetched, verified, opened and warmed while the one before it still answers; then
the table is replaced in one step. Whatever cannot be loaded is marked so and changes nothing.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts.scoping import tenant_scope
from serving import challengers, runtimes, services
from serving.artifacts import Unloadable, Unsuited
from serving.cold import ColdStarts
from serving.database import with_database
from serving.fair_pool import FairPool
from serving.models import Challenger, Deployment
from serving.news import News
from serving.opening import Model, Opener
from serving.rehearsal import rehearse
from serving.shelf import Shelf, Shelved
from serving.system import Wanted, wanted_deployments

LOOK_SECONDS = 1.0
COLLECT_SECONDS = 10.0  # for so long a graph that was let go may stay in memory
LOADERS = 2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
log = logging.getLogger(__name__)


class Place(NamedTuple):
    """An endpoint as the data plane knows it: what is wanted there, and what answers (or None)."""

    wanted: Wanted
    model: Model | None


class Loader:
    """`table` may be read from any thread at any time: it is replaced, never changed."""

    def __init__(
        self, *, runtime: str = "onnx", is_busy: Callable[[Shelved], bool] = lambda graph: False
    ):
        self.table: dict[tuple[str, str], Place] = {}
        self.ready = threading.Event()  # the table was read, and every first load has ended
        self.shelf = Shelf(settings.LEPTON_MODELS_BYTES, is_busy=is_busy)
        self.opener = Opener(runtimes.get(runtime), self.shelf)
        self.followers: list[Callable[[], None]] = []  # what else is to be looked at with it
        self._news = News()
        self._lock = threading.Lock()
        self._loading: set[UUID] = set()
        self._pauses: dict[UUID, tuple[float, float]] = {}  # not before when, next pause
        self._stopped = threading.Event()
        self._collected_at = time.monotonic()
        self._pool = FairPool(LOADERS, "loader")
        self.cold = ColdStarts(self._pool, self.opener, self._refuse)
        self._thread = threading.Thread(target=self._follow, name="deployments", daemon=True)

    def start(self) -> None:
        self._pool.start()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._pool.stop()

    def _follow(self) -> None:
        works = True
        while not self._stopped.is_set():
            try:
                with_database(self._look_and_wait)
                works = True
            except Exception as error:
                if works:  # said once an outage; what is loaded goes on answering
                    log.warning("Deployments cannot be read: %s", error)
                works = False
                self._stopped.wait(LOOK_SECONDS)

    def _look_and_wait(self) -> None:
        self._news.listen()
        if self._news.is_due:
            self._news.read(self.look)
        elif self._pauses or not self.ready.is_set():
            self._load_what_is_due()
        for look in self.followers:
            look()
        self._collect()
        self._news.wait(LOOK_SECONDS)

    def _collect(self) -> None:
        """An error and the frames it came through refer to each other, and to the model that was
        asked: without requests nothing else would take it from memory."""
        if time.monotonic() - self._collected_at > COLLECT_SECONDS:
            gc.collect()
            self._collected_at = time.monotonic()

    def look(self) -> None:
        """Read what is wanted, forget what is gone, start loading what is new."""
        wanted = wanted_deployments()
        with self._lock:
            before = self.table
            self.table = {row.address: Place(row, _kept(before, row)) for row in wanted}
        self._forget_pauses(wanted)
        self._load_what_is_due()
        for place in self.table.values():
            self._confirm(place)

    def _load_what_is_due(self) -> None:
        with self._lock:
            new = [place.wanted for place in self.table.values() if self._is_due(place)]
            self._loading.update(row.deployment_id for row in new)
        for row in new:
            self._pool.submit(row.tenant_id, self._load, row)
        if not self._loading:
            self.ready.set()

    def _is_due(self, place: Place) -> bool:
        wanted, model = place
        if wanted.deployment_id in (None, model and model.deployment_id, *self._loading):
            return False
        return time.monotonic() >= self._pauses.get(wanted.deployment_id, (0, 0))[0]

    def _forget_pauses(self, wanted: list[Wanted]) -> None:
        current = {row.deployment_id for row in wanted}
        for deployment_id in set(self._pauses) - current:
            del self._pauses[deployment_id]

    def _confirm(self, place: Place) -> None:
        """What answers is noted as live, also when the note was lost with the database."""
        wanted, model = place
        if model and wanted.state == "loading" and model.deployment_id == wanted.deployment_id:
            with tenant_scope(wanted.tenant_id):
                services.mark_live(wanted.deployment_id)

    def _load(self, row: Wanted) -> None:
        try:
            with_database(self._load_and_note, row)
        except Exception as error:  # storage or database away, disk full: it may pass
            _at, pause = self._pauses.get(row.deployment_id, (0, FIRST_PAUSE_SECONDS))
            longer = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._pauses[row.deployment_id] = (time.monotonic() + pause, longer)
            log.warning("%s/%s: could not load yet: %r", *row.address, error)
        finally:
            with self._lock:
                self._loading.discard(row.deployment_id)

    def _load_and_note(self, row: Wanted) -> None:
        try:
            model = self.opener.bring(row)
            if row.state == Deployment.State.LOADING:  # not at each restart of what is live
                rehearse(row, model)
        except Unloadable as error:
            if isinstance(error, Unsuited) and row.state == Deployment.State.LIVE:
                raise  # it answered by another runtime, which may come back
            self._refuse(row.tenant_id, row.deployment_id, error)
            return
        if not self._flip(row, model):
            return
        log.info("%s/%s: model version %s answers", *row.address, model.version_number)
        if row.state != Deployment.State.LIVE:  # as it is at each restart
            with tenant_scope(row.tenant_id):
                services.mark_live(row.deployment_id)

    def _refuse(self, tenant_id: UUID, deployment_id: UUID, error: Unloadable) -> None:
        """Note that a deployment, or what runs beside one, cannot answer."""
        log.error("deployment %s of tenant %s refused: %s", deployment_id, tenant_id, error)
        with tenant_scope(tenant_id):
            if Challenger.objects.filter(pk=deployment_id).exists():
                challengers.mark_failed(deployment_id, cause=str(error))
            else:
                services.mark_failed(deployment_id, cause=str(error))

    def _flip(self, row: Wanted, model: Model) -> bool:
        """Let the model answer, unless something newer is wanted by now."""
        with self._lock:
            place = self.table.get(row.address)
            if place is None or place.wanted.deployment_id != row.deployment_id:
                return False
            self.table = {**self.table, row.address: Place(place.wanted, model)}
        return True


def _kept(before: dict, row: Wanted) -> Model | None:
    """What answered at this endpoint so far goes on until something else is loaded."""
    place = before.get(row.address)
    same = place and place.wanted.endpoint_id == row.endpoint_id and row.deployment_id
    return place.model if same else None
