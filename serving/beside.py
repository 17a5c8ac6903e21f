"""What runs beside the champions, in the data plane: loaded as they are, asked for a share."""

import logging
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import UUID

from accounts.scoping import tenant_scope
from serving import challengers, guards
from serving.artifacts import Unloadable
from serving.database import with_database
from serving.loader import Loader, Place
from serving.models import Challenger
from serving.opening import Model
from serving.rehearsal import rehearse
from serving.system import WantedChallenger, wanted_challengers

RETRY_SECONDS, GUARD_SECONDS = 5.0, 2.0
log = logging.getLogger(__name__)


class Beside(NamedTuple):
    """A challenger that is loaded."""

    wanted: WantedChallenger
    model: Model

    @property
    def is_canary(self) -> bool:
        return self.wanted.variant == Challenger.Variant.CANARY

    def takes(self, name) -> bool:
        """Whether a request is in its share; the same name always is or never is."""
        return place_of(self.wanted.endpoint_id, name) < self.wanted.share_percent


class Second(NamedTuple):
    """Who gives the second answer, and for which challenger it is kept."""

    challenger_id: UUID
    model: Model
    is_challenger: bool


class Challengers:
    """`table` may be read from any thread at any time: it is replaced, never changed."""

    def __init__(self, loader: Loader):
        self.table: dict[UUID, Beside] = {}  # by endpoint
        self._loader = loader
        self._lock = threading.Lock()
        self._loading: set[UUID] = set()
        self._not_before: dict[UUID, float] = {}  # when to load or to judge one again
        self._pool = ThreadPoolExecutor(1, "challengers")
        loader.followers.append(self.look)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def answering(self, place: Place, name) -> Model:
        """The model that answers a client's request: the canary for its share, else the champion.

        `name` is the client's reference, so that one thing is always answered by one model, or
        the prediction's id.
        """
        beside = self.table.get(place.wanted.endpoint_id)
        return beside.model if beside and beside.is_canary and beside.takes(name) else place.model

    def second(self, place: Place, answered: Model, prediction_id: UUID) -> Second | None:
        """Who answers a second time, off the client's path, or None."""
        beside = self.table.get(place.wanted.endpoint_id)
        if beside is None:
            return None
        if beside.is_canary:
            by_it = answered is beside.model and place.model is not None
            return Second(beside.wanted.deployment_id, place.model, False) if by_it else None
        if not beside.takes(prediction_id):
            return None
        return Second(beside.wanted.deployment_id, beside.model, True)

    def look(self) -> None:
        """Read what is wanted, forget what has ended, start loading what is new."""
        wanted = wanted_challengers()
        with self._lock:
            before = self.table
            known = [(row, before.get(row.endpoint_id)) for row in wanted]
            self.table = {
                row.endpoint_id: Beside(row, one.model)
                for row, one in known
                if one and one.wanted.model_version_id == row.model_version_id
            }
            new = [row for row in wanted if self._is_due(row)]
            self._loading.update(row.deployment_id for row in new)
            self._forget(wanted)
        for row in new:
            self._pool.submit(self._load, row)
        for beside in self.table.values():
            if beside.wanted.state == Challenger.State.LOADING:
                with tenant_scope(beside.wanted.tenant_id):
                    challengers.mark_live(beside.wanted.deployment_id)
            elif beside.is_canary:
                self._guard(beside)

    def _forget(self, wanted: list[WantedChallenger]) -> None:
        for challenger_id in set(self._not_before) - {row.deployment_id for row in wanted}:
            del self._not_before[challenger_id]

    def _guard(self, beside: Beside) -> None:
        """Take a canary away as soon as one of its guards trips."""
        endpoint_id, canary_id = beside.wanted.endpoint_id, beside.wanted.deployment_id
        if time.monotonic() < self._not_before.get(canary_id, 0):
            return
        self._not_before[canary_id] = time.monotonic() + GUARD_SECONDS
        with tenant_scope(beside.wanted.tenant_id):
            rows = Challenger.objects.select_related("endpoint")
            canary = rows.filter(pk=canary_id, state=Challenger.State.LIVE).first()
            is_over = canary is not None and guards.watch(canary)
        if is_over:
            with self._lock:
                self.table = {key: one for key, one in self.table.items() if key != endpoint_id}

    def _is_due(self, row: WantedChallenger) -> bool:
        if row.endpoint_id in self.table or row.deployment_id in self._loading:
            return False
        return time.monotonic() >= self._not_before.get(row.deployment_id, 0)

    def _load(self, row: WantedChallenger) -> None:
        try:
            with_database(self._load_and_note, row)
        except Exception as error:  # storage or database away, disk full: it may pass
            self._not_before[row.deployment_id] = time.monotonic() + RETRY_SECONDS
            log.warning("%s/%s: could not load its challenger yet: %r", *row.address, error)
        finally:
            with self._lock:
                self._loading.discard(row.deployment_id)

    def _load_and_note(self, row: WantedChallenger) -> None:
        try:
            model = self._loader.opener.bring(row)
            if row.state == Challenger.State.LOADING:  # not at each restart of what is live
                rehearse(row, model)
        except Unloadable as error:
            log.error("%s/%s: challenger refused: %s", *row.address, error)
            with tenant_scope(row.tenant_id):
                challengers.mark_failed(row.deployment_id, cause=str(error))
            return
        with self._lock:
            self.table = {**self.table, row.endpoint_id: Beside(row, model)}
        self.look()  # it may have ended meanwhile; what has not is noted as live


def place_of(endpoint_id: UUID, name) -> float:
    """Where a request stands between 0 and 100, by its name alone."""
    return zlib.crc32(endpoint_id.bytes + str(name).encode()) * 100 / 2**32
