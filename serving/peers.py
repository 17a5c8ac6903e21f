"""The data planes of an installation speak to each other, through Redis and behind the answers.

Each tells the others how many images it granted to whom, so that together they grant a quota once;
and the one that is asked how an endpoint does asks the others too. Without Redis each speaks for
itself alone.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Coroutine
from contextlib import suppress

import redis.asyncio
from django.conf import settings
from django.utils.crypto import salted_hmac

from serving.pulse import Pulse, together
from serving.quotas import Quotas

TELL_SECONDS, ALONE_SECONDS = 0.25, 2.0  # what others granted since then is not known yet
ANSWER_SECONDS = 0.3  # one that is busier than this is left out
LOOK_SECONDS, REST_SECONDS = 5.0, 1.0
GRANTED, HOW_IS, PULSE = "granted", "how is", "pulse"
log = logging.getLogger(__name__)


class Peers:
    """Belongs to the event loop; nothing that answers a prediction waits for it."""

    def __init__(self, quotas: tuple[Quotas, ...], pulse: Pulse):
        self.name = uuid.uuid4().hex
        self._quotas, self._pulse = quotas, pulse
        self._asked: dict[str, dict[str, dict]] = {}  # by question: what each said, by name
        self._heard = asyncio.Condition()
        self._tasks: set[asyncio.Task] = set()
        self._works = True

    def start(self) -> None:
        bounds = {"socket_connect_timeout": REST_SECONDS, "health_check_interval": LOOK_SECONDS}
        self._redis = redis.asyncio.from_url(settings.REDIS_URL, **bounds)
        self._do(self._listen())
        self._do(self._tell())

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def pulse(self, endpoint_id: uuid.UUID) -> dict:
        """The last minute of an endpoint, at all data planes that say so in time."""
        question = uuid.uuid4().hex
        said = self._asked[question] = {self.name: self._pulse.of(endpoint_id)}
        with suppress(TimeoutError, OSError, redis.RedisError):
            async with asyncio.timeout(ANSWER_SECONDS), self._heard:
                asking = {"question": question, "endpoint": str(endpoint_id)}
                listeners = await self._say(HOW_IS, **asking)
                await self._heard.wait_for(lambda: len(said) >= listeners)
        del self._asked[question]
        return together(list(said.values()))

    async def _tell(self) -> None:
        pause = TELL_SECONDS
        while True:
            await asyncio.sleep(pause)
            granted = [quotas.take_granted() for quotas in self._quotas]
            if any(granted):
                with suppress(TimeoutError, OSError, redis.RedisError):
                    async with asyncio.timeout(REST_SECONDS):
                        listeners = await self._say(GRANTED, images=granted)
                        pause = TELL_SECONDS if listeners > 1 else ALONE_SECONDS

    async def _say(self, what: str, **content) -> int:
        """Return how many listen, this one among them."""
        message = {"what": what, "by": self.name, **content}
        return await self._redis.publish(_channel(), json.dumps(message))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as ears:
                    await ears.subscribe(_channel())
                    while True:
                        message = await ears.get_message(timeout=LOOK_SECONDS)
                        self._works = True
                        if message:
                            await self._hear(json.loads(message["data"]))
            except Exception as error:
                if self._works:  # said once an outage
                    log.warning("The other data planes cannot be heard: %s", error)
                self._works = False
            await asyncio.sleep(REST_SECONDS)

    async def _hear(self, message: dict) -> None:
        if message["by"] == self.name:
            return
        if message["what"] == GRANTED:
            for quotas, images in zip(self._quotas, message["images"], strict=True):
                quotas.charge_for_others(images)
        elif message["what"] == HOW_IS:
            pulse = self._pulse.of(uuid.UUID(message["endpoint"]))
            await self._say(PULSE, question=message["question"], pulse=pulse)
        elif message["question"] in self._asked:
            async with self._heard:
                self._asked[message["question"]][message["by"]] = message["pulse"]
                self._heard.notify_all()

    def _do(self, work: Coroutine) -> None:
        self._tasks.add(asyncio.create_task(work))


def _channel() -> str:
    """One name for all data planes of an installation; those of others may share its Redis."""
    database = settings.DATABASES["default"]["NAME"]
    return f"lepton.planes.{salted_hmac(__name__, database).hexdigest()}"
