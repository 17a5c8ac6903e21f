"""Models that are not in memory when they are asked: brought back behind the request.

Who asked is told when to come again, or waits if it said how long an answer is worth waiting for.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import Future

from django.utils.translation import gettext as _

from serving import metrics
from serving.artifacts import Unloadable, Unsuited
from serving.database import with_database
from serving.fair_pool import FairPool
from serving.opening import Model, Opener
from serving.refusals import Refused, come_back
from serving.shelf import NoRoom

AGAIN_SECONDS = 0.1  # until room is looked for again
log = logging.getLogger(__name__)


class ColdStarts:
    """`warm` belongs to the event loop; `refuse(tenant, deployment, error)` notes a broken one."""

    def __init__(self, pool: FairPool, opener: Opener, refuse: Callable):
        self.pool, self.opener, self.refuse = pool, opener, refuse

    async def warm(self, model: Model, *, patience: float) -> None:
        """Return once the model is in memory, at latest after `patience` seconds. Raises Refused
        (503)."""
        if model.in_memory:
            return
        metrics.COLD_STARTS.labels("held" if patience else "refused").inc()
        until = time.monotonic() + patience
        while not model.in_memory:
            coming, left = self._coming(model), until - time.monotonic()
            if left <= 0:
                raise self._come_back()
            await self._wait(coming, left)

    async def _wait(self, coming: Future, seconds: float) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(coming)), seconds)
        except TimeoutError:
            raise self._come_back() from None
        except NoRoom:
            await asyncio.sleep(min(AGAIN_SECONDS, seconds))
        except Exception:  # it was logged where it happened
            message = _("The model cannot be loaded right now: try again.")
            raise come_back(message, seconds=5) from None

    def _coming(self, model: Model) -> Future:
        """The one loading that everybody waits for who asks for this graph."""
        graph = model.runtime
        if graph.coming is None or graph.coming.done():
            graph.coming = self.pool.submit(model.tenant_id, self._bring_back, model)
        return graph.coming

    def _bring_back(self, model: Model) -> None:
        try:
            self.opener.bring_back(model)
        except (NoRoom, Unsuited):
            raise
        except Unloadable as error:
            with_database(self.refuse, model.tenant_id, model.deployment_id, error)
            raise
        except Exception:
            log.exception("model version %s could not be loaded", model.version_id)
            raise

    def _come_back(self) -> Refused:
        """After about as long as what waits to be loaded takes."""
        seconds = self.opener.shelf.load_seconds * (1 + len(self.pool.waiting))
        message = _("The model is being loaded: try again in a moment.")
        return come_back(message, seconds=max(1, math.ceil(seconds)))
