"""Before a model version answers clients for the first time it answers what is known already.

Images of its own test split must get the scores they got when it was evaluated, and what clients
sent lately must get scores at all. Whatever cannot be read is left out: this tests the model.
"""

import numpy as np
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from accounts.scoping import tenant_scope
from serving.artifacts import Unloadable
from serving.models import Prediction
from serving.opening import Model, first_line
from serving.shelf import NoRoom
from serving.system import Wanted
from training.engine.preprocess import UnreadableImage, evaluation_input
from training.models import EvaluatedItem, Split

INPUTS = 4  # of either kind
TOLERANCE = 0.05  # of a score: another processor rounds otherwise, another model answers otherwise


def rehearse(row: Wanted, model: Model) -> None:
    """Raise Unloadable if the model does not answer as it must."""
    with tenant_scope(row.tenant_id):
        evaluated, recent = _evaluated(row), _recent(row)
    for key, expected in [*evaluated, *((key, None) for key in recent)]:
        image = _image(key, model.resize, model.crop)
        if image is None:
            continue
        scores = _scores(model, image)
        if expected and np.abs(scores - np.asarray(expected)).max() > TOLERANCE:
            raise Unloadable(_("It answers a test image otherwise than when it was evaluated."))


def _evaluated(row) -> list[tuple[str, list[float]]]:
    items = EvaluatedItem.objects.filter(
        evaluation__model_version=row.model_version_id, evaluation__split=Split.TEST
    )
    newest = items.order_by("-evaluation__at", "pk")
    return list(newest.values_list("image__storage_key", "scores")[:INPUTS])


def _recent(row) -> list[str]:
    kept = Prediction.objects.filter(endpoint=row.endpoint_id).exclude(input_key="")
    return list(kept.order_by("-at").values_list("input_key", flat=True)[:INPUTS])


def _image(key: str, resize: int, crop: int) -> np.ndarray | None:
    try:
        with default_storage.open(key) as file:
            return evaluation_input(file.read(), resize=resize, crop=crop)
    except (OSError, UnreadableImage):
        return None


def _scores(model: Model, image: np.ndarray) -> np.ndarray:
    try:
        scores = model.scores(model.runtime.run(image[None])[0])
    except (MemoryError, OSError, NoRoom):  # it may pass
        raise
    except Exception as error:  # each runtime raises its own kinds
        message = _("The graph fails on an image it must answer: %s") % first_line(error)
        raise Unloadable(message) from error
    if scores.shape != (len(model.classes),) or not np.isfinite(scores).all():
        raise Unloadable(_("The graph does not answer every image with one score per class."))
    return scores
