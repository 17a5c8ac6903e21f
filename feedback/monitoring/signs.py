"""What kept inputs look like to the model and to the eye: features and looks, in a worker only."""

from collections import Counter

import numpy as np
from django.core.files.storage import default_storage

from accounts.scoping import tenant_scope
from feedback.models import DriftReference, Signs
from feedback.monitoring.references import Seen, keep, seen
from serving import artifacts
from training.datasets import looks
from training.engine import graph
from training.engine.preprocess import UnreadableImage, decode, evaluation_input
from training.models import EvaluatedItem, Split

REFERENCE_AT_MOST = 200
BATCH = 16


class Eye:
    """Opens a model version's graph once and looks at pictures through it."""

    def __init__(self, version):
        artifacts.refuse_other_preprocessing(version.meta)
        sha256, _size = artifacts.graph_facts(version.meta)
        self.session = graph.open_session(artifacts.whole_graph(version.storage_prefix, sha256))

    def see(self, keys: list[str]) -> dict[str, Seen]:
        """Return what is seen of stored pictures by key, without those gone or damaged."""
        found = {}
        for at in range(0, len(keys), BATCH):
            read = {key: pair for key in keys[at : at + BATCH] if (pair := _read(key))}
            if read:
                pixels = np.stack([pair[1] for pair in read.values()])
                features = graph.run(self.session, pixels, "features").astype(np.float16)
                for (key, pair), row in zip(read.items(), features, strict=True):
                    found[key] = Seen(pair[0], row)
        return found


def _read(key):
    """(looks, uint8 input) of a stored picture, or None."""
    try:
        with default_storage.open(key) as file:
            data = file.read()
        pixels = decode(data)
        look, side = looks.measure(pixels), min(pixels.shape[:2])
        named = {"side": side, "brightness": look.brightness, "sharpness": look.sharpness}
        return named, evaluation_input(data)
    except (OSError, UnreadableImage):
        return None


def of_predictions(tenant_id, version, rows) -> dict:
    """Return {prediction id: Seen} of predictions (id, input key); each is measured once."""
    ids = [pk for pk, _key in rows]
    with tenant_scope(tenant_id):
        known = {row.prediction_id: row for row in Signs.objects.filter(prediction__in=ids)}
    found = {pk: seen(row) for pk, row in known.items()}
    missing = {pk: key for pk, key in rows if pk not in found and key}
    looked = Eye(version).see(sorted(set(missing.values()))) if missing else {}
    new = {pk: looked[key] for pk, key in missing.items() if key in looked}
    with tenant_scope(tenant_id):
        Signs.objects.bulk_create(
            [
                Signs(prediction_id=pk, looks=one.looks, features=one.features.tobytes())
                for pk, one in new.items()
            ],
            ignore_conflicts=True,
        )
    return found | new


def reference_of(tenant_id, endpoint, version) -> DriftReference | None:
    """Return what this model version is compared with, measured now if it never was.

    None where no held-out picture can be read.
    """
    with tenant_scope(tenant_id):
        if standing := DriftReference.objects.standing(endpoint, version):
            return standing
        items = EvaluatedItem.objects.filter(
            evaluation__model_version=version, evaluation__split=Split.TEST
        )
        rows = list(items.order_by("pk").values_list("image__storage_key", "answer"))
    draw = np.random.default_rng(0)
    chosen = draw.permutation(len(rows))[:REFERENCE_AT_MOST]
    pictures = list(Eye(version).see([rows[i][0] for i in chosen]).values())
    if not pictures:
        return None
    classes = Counter(answer for _key, answer in rows)
    with tenant_scope(tenant_id):
        return keep(endpoint, version, DriftReference.Kind.HELD_OUT, pictures, classes)
