"""What a worker thread does with a batch: decode, run the graph, word the answers."""

import hashlib
import math
import time
from collections.abc import Callable

import numpy as np
from django.utils.translation import gettext as _

from serving.asks import Answer, Ask
from serving.refusals import bad_field
from training.engine.preprocess import UnreadableImage, evaluation_input


def results(batch: list[Ask], each: Callable = map) -> list[tuple[Ask, Answer | Exception]]:
    """Decode, by `each`, run and word the answers; one that cannot be decoded harms no other."""
    results, ready, images = [], [], []
    for ask, image in zip(batch, each(_decoded, batch), strict=True):
        if isinstance(image, Exception):
            results.append((ask, image))
        else:
            ready.append(ask)
            images.append(image)
    return results + _run(ready, images)


def _decoded(ask: Ask) -> np.ndarray | Exception:
    try:
        return evaluation_input(ask.data, resize=ask.model.resize, crop=ask.model.crop)
    except UnreadableImage as error:
        return bad_field(ask.field, _(error.reason_template) % error.values)
    except Exception as error:
        return error


def _run(batch: list[Ask], images: list[np.ndarray]) -> list[tuple[Ask, Answer | Exception]]:
    if not batch:
        return []
    try:
        given = batch[0].model.runtime.run(
            images[0][None] if len(images) == 1 else np.stack(images)
        )
    except Exception as error:
        return [(ask, error) for ask in batch]
    rows = zip(batch, images, given, strict=True)
    return [(ask, _result(ask, image, row)) for ask, image, row in rows]


def _result(ask: Ask, image: np.ndarray, given: np.ndarray) -> Answer | Exception:
    """Word what the graph gave for one image; a head that fails harms no other."""
    try:
        scores = ask.model.scores(given)
        listed = scores.tolist()
        if not math.isfinite(sum(listed)):
            raise ArithmeticError("The graph answered with something that is no number.")
        evidence = _evidence(ask, image, int(np.argmax(scores))) if ask.explain else None
    except Exception as error:
        return error
    digest = hashlib.sha256(ask.data).hexdigest()
    latency = (time.perf_counter() - ask.began) * 1000
    latency_ms = round(latency, 2)
    return Answer(ask.model, listed, digest, latency_ms, evidence, ask.prediction_id)


def _evidence(ask: Ask, image: np.ndarray, place: int) -> list[list[float]] | None:
    """What speaks for the class at `place` more than for the mean class, the most being 1."""
    found = ask.model.evidence(image[None])
    if found is None:
        return None
    found = np.maximum(found[place] - found.mean(0), 0)
    return (found / max(float(found.max()), 1e-9)).round(3).tolist()
