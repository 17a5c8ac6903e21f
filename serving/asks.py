"""One image on its way through the data plane, and what the model said of it."""

import asyncio
import math
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from serving.opening import Model


@dataclass(slots=True, eq=False)
class Ask:
    """One image and where its answer goes."""

    model: Model
    data: bytes
    field: str  # what the client calls the image, for complaints about it
    began: float  # time.perf_counter() when the request came in
    until: float = math.inf  # the same, when its answer is of no use any more
    explain: bool = False  # also say what speaks for the answer where; a second forward pass
    background: bool = False  # may wait until nobody else does
    prediction_id: uuid.UUID = field(default_factory=uuid.uuid4)
    taken: float = 0.0  # when a worker took it
    done: asyncio.Future | None = None  # None again once nobody waits

    @property
    def is_settled(self) -> bool:
        """Answered, refused, or given up on while it waited; any thread may ask."""
        done = self.done
        return done is None or done.done()


@dataclass(slots=True, eq=False)
class Answer:
    """What the model said of one image; `scores` in the order of the model's classes."""

    model: Model
    scores: list[float]
    input_sha256: str
    latency_ms: float
    evidence: list[list[float]] | None = None  # rows of the centre crop, 0 to 1, where asked for
    prediction_id: uuid.UUID = field(default_factory=uuid.uuid4)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def ranked(self, most: int | None = None) -> list[dict]:
        """The classes with their scores, best first."""
        best = sorted(zip(self.model.classes, self.scores, strict=True), key=lambda x: -x[1])
        return [{"label": label, "score": score} for label, score in best[:most]]
