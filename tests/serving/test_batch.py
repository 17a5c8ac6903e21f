"""Several images in one request of the native dialect: a list of answers, or none at all."""

import base64

import pytest

from accounts.scoping import tenant_scope
from serving.models import Prediction
from serving.protocols import IMAGES_AT_MOST
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_refusals import refusal

pytestmark = pytest.mark.slow
PICTURES = [models.picture(), models.picture((20, 240, 30)), models.picture(kind="PNG")]
ENCODED = [base64.b64encode(picture).decode() for picture in PICTURES]


def test_several_images_get_a_list_of_answers(ask, deployed, version_of, acme, inference):
    deployed(version_of())
    singles = [answer(ask(picture)) for picture in PICTURES]
    forms = [
        ask(json={"images": ENCODED, "reference": "lot 7"}),
        ask(
            files=[("file", (f"{n}.jpg", one)) for n, one in enumerate(PICTURES)],
            path="acme/castings/predict?reference=lot+7",
        ),
    ]
    for response in forms:
        answers = answer(response)
        assert [one["label"] for one in answers] == [one["label"] for one in singles]
        for one, single in zip(answers, singles, strict=True):
            assert one["score"] == pytest.approx(single["score"], abs=1e-3)
            assert one["reference"] == "lot 7"
        ids = [one["prediction_id"] for one in answers]
        assert response.headers["x-prediction-id"] == ", ".join(ids)
    inference.until(lambda: _count(acme, reference="lot 7") == 6, seconds=2)


def test_who_sends_a_list_of_one_gets_a_list_of_one(ask, deployed, version_of):
    deployed(version_of())
    for sent in ({"json": {"images": ENCODED[:1]}}, {"files": {"images": PICTURES[0]}}):
        [only] = answer(ask(**sent))
        assert only["label"] == answer(ask(PICTURES[0]))["label"]


def test_top_k_holds_for_every_answer(ask, deployed, version_of):
    deployed(version_of())
    answers = answer(ask(json={"images": ENCODED, "top_k": 1}))
    assert [len(one["scores"]) for one in answers] == [1, 1, 1]


def test_one_bad_image_refuses_them_all_by_its_number(ask, deployed, version_of, acme, inference):
    deployed(version_of())
    files = [("file", PICTURES[0]), ("file", b"a text file"), ("file", PICTURES[1])]
    document = refusal(ask(files=files), 422)
    assert list(document["fields"]) == ["images[1]"]
    answer(ask(PICTURES[0]))
    inference.until(lambda: _count(acme) > 0, seconds=2)
    assert _count(acme) == 1


NONSENSE = [
    ({"images": []}, "images"),
    ({"images": "x"}, "images"),
    ({"images": [7]}, "images[0]"),
    ({"images": ["not base64!"]}, "images[0]"),
    ({"images": ENCODED, "image": ENCODED[0]}, "images"),
    ({"images": ENCODED[:1] * (IMAGES_AT_MOST + 1)}, "images"),
]


def test_what_is_no_batch_is_refused_by_name(ask, deployed, version_of):
    deployed(version_of())
    for document, field in NONSENSE:
        assert field in refusal(ask(json=document), 422)["fields"], document


def test_the_largest_batch_is_answered(ask, deployed, version_of):
    deployed(version_of())
    assert len(answer(ask(json={"images": ENCODED[:1] * IMAGES_AT_MOST}))) == IMAGES_AT_MOST


def _count(tenant, **which):
    with tenant_scope(tenant):
        return Prediction.objects.filter(**which).count()
