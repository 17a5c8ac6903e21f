"""Before it answers clients a model version answers its test images and what was sent lately."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.scoping import tenant_scope
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import answer
from training.models import EvaluatedItem, Evaluation, Image

WHITE = models.picture((250, 250, 250))


def kept(acme, inference):
    """Wait until the newest prediction's input lies in storage."""

    def is_kept():
        with tenant_scope(acme):
            row = Prediction.objects.order_by("-at").first()
        return row is not None and row.input_key and default_storage.exists(row.input_key)

    inference.until(is_kept)


def evaluated(version, scores):
    """One image of the test split that got these scores."""
    key = f"tenants/{version.tenant_id}/images/{version.pk}.jpg"
    default_storage.save(key, ContentFile(WHITE))
    image = Image.objects.create(
        sha256=f"{version.number}" * 64,
        original_sha256="0" * 64,
        width=320,
        height=240,
        size_bytes=len(WHITE),
        storage_key=key,
    )
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    figures = {f"{name}{end}": 0.9 for name in names for end in ("", "_low", "_high")}
    evaluation = Evaluation.objects.create(
        model_version=version,
        dataset_version=version.run.dataset_version,
        split="test",
        n=1,
        ece=0.1,
        per_class=[],
        confusion=[],
        **figures,
    )
    EvaluatedItem.objects.create(
        evaluation=evaluation,
        image=image,
        path="a.jpg",
        label="ok",
        answer="ok",
        score=max(scores),
        scores=scores,
    )


@pytest.mark.slow
def test_a_graph_that_fails_on_what_clients_sent_lately_never_answers_them(
    inference, ask, deployed, version_of, acme
):
    deployed(version_of(seed=1))
    answer(ask(WHITE))
    kept(acme, inference)
    refused = deployed(version_of(data=models.failing_graph()))
    assert refused.state == "failed" and "an image it must answer" in refused.cause
    assert answer(ask(WHITE))["model_version"] == 1


@pytest.mark.slow
def test_a_version_that_answers_otherwise_than_evaluated_is_refused(
    ask, deployed, version_of, acme
):
    said = {one["label"]: one["score"] for one in _scores(ask, deployed, version_of)}
    right = [said[name] for name in models.CLASSES]
    same, other = version_of(seed=1), version_of(seed=1)
    with tenant_scope(acme):
        evaluated(same, right)
        evaluated(other, right[::-1])
    assert deployed(same).state == "live"
    refused = deployed(other)
    assert refused.state == "failed" and "when it was evaluated" in refused.cause
    assert answer(ask(WHITE))["model_version"] == same.number


def _scores(ask, deployed, version_of):
    deployed(version_of(seed=1))
    return answer(ask(WHITE))["scores"]
