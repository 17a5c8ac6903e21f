"""The exported bundle: opened, served by itself in a process of its own, and asked the same."""

import hashlib
import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from serving import bundle
from tests.serving import bundles, container, exercised
from tests.serving.conftest import answer
from training.engine import preprocess
from training.models import VersionItem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inference")]
# made by hand, so that each way an image is decoded is asked: odd sizes, PNG, grey, rotated
COLOURS = [(r, g, 90) for r in range(0, 256, 85) for g in range(0, 256, 85)]


@pytest.fixture
def champion(deployed, version_of, acme):
    version = version_of()
    with tenant_scope(acme):
        exercised.give_test_images(version, COLOURS)
    deployed(version)
    return version


@pytest.fixture
def unpacked(browse, alice, acme, champion, castings, tmp_path):
    """The bundle as Alice downloads and unpacks it."""
    page = f"/t/acme/e/{castings.engagement_id}/models/{champion.pk}/bundle/"
    return bundles.unpacked(browse(alice).get(page).getvalue(), tmp_path) / "castings-v1"


@pytest.fixture
def alone(unpacked):
    """The bundle's own server: nothing of Lepton is on its path."""
    with bundles.serving_itself(unpacked) as url:
        yield url


def pictures(acme, version):
    with tenant_scope(acme):
        items = VersionItem.objects.filter(version=version.run.dataset_version, split="test")
        keys = list(items.values_list("image__storage_key", flat=True))
    from lepton.lib import storage

    return [storage.get(key) for key in keys]


def test_it_answers_as_the_endpoint_does_on_the_whole_test_split(ask, alone, acme, champion):
    pixels = pictures(acme, champion)
    assert len(pixels) == len(COLOURS)
    for data in pixels:
        theirs = httpx.post(f"{alone}/predict", content=data).json()
        ours = answer(ask(data))
        for document in (theirs, ours):
            document.pop("prediction_id"), document.pop("latency_ms")
        assert theirs == ours


@pytest.mark.slow
def test_what_its_dockerfile_makes_needs_nothing_else_and_answers_the_same(
    ask, unpacked, acme, champion, tmp_path
):
    root = tmp_path / "image"
    root.mkdir()
    made, port = container.Container(unpacked, root).build(), bundles.free_port()
    assert made.user not in (None, "root")
    assert not any(made.can_import(name) for name in ("django", "torch", "lepton"))
    assert not made.is_healthy(port)  # nothing answers yet
    before, child = made.files(), made.start(port)
    try:
        bundles.wait(child, f"http://127.0.0.1:{port}/readyz")
        assert made.is_healthy(port)
        for data in pictures(acme, champion):
            theirs = httpx.post(f"http://127.0.0.1:{port}/predict", content=data).json()
            assert theirs["scores"] == answer(ask(data))["scores"]
        assert made.files() == before  # it may run where nothing can be written
    finally:
        child.terminate()
        child.wait(10)


def test_it_speaks_the_open_inference_protocol_with_the_same_answer(ask, alone, acme, champion):
    from tritonclient.http import InferenceServerClient, InferInput

    data = pictures(acme, champion)[0]
    with InferenceServerClient(alone.removeprefix("http://")) as client:
        assert client.is_server_live()
        assert client.is_model_ready("castings")
        image = InferInput("image", [1], "BYTES")
        image.set_data_from_numpy(np.array([data], dtype=np.object_))
        found = client.infer("castings", [image])
        with_json = InferInput("image", [2], "BYTES")
        both = np.array([data, data], dtype=np.object_)
        with_json.set_data_from_numpy(both)
        assert client.infer("castings", [with_json]).as_numpy("scores").shape == (2, 2)
    ours = answer(ask(data))
    assert found.as_numpy("label")[0].decode() == ours["label"]
    by_class = {one["label"]: one["score"] for one in ours["scores"]}
    np.testing.assert_allclose(
        found.as_numpy("scores")[0], [by_class[name] for name in champion.classes], rtol=1e-6
    )


def test_forms_json_several_images_and_addresses_of_lepton_work_too(ask, alone, acme, champion):
    import base64

    data = pictures(acme, champion)[:2]
    text = base64.b64encode(data[0]).decode()
    path = "/v1/endpoints/acme/castings/predict"
    wanted = answer(ask(data[0], path="acme/castings/predict?top_k=1&reference=a"))["scores"]
    as_json = httpx.post(f"{alone}{path}", json={"image": text, "top_k": 1, "reference": "a"})
    assert as_json.json()["scores"] == wanted
    assert as_json.json()["reference"] == "a"
    as_form = httpx.post(f"{alone}/predict", files={"image": data[0]}, data={"top_k": "1"})
    assert as_form.json()["scores"] == wanted
    several = httpx.post(f"{alone}/predict", files=[("images", one) for one in data])
    assert [one["label"] for one in several.json()] == [answer(ask(one))["label"] for one in data]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [(b"", 422, "There is no image"), (b"no image", 422, "not an image in a format we know")],
)
def test_its_refusals_say_what_is_wrong(alone, body, status, words):
    refused = httpx.post(f"{alone}/predict", content=body)
    assert refused.status_code == status
    assert words in refused.json()["error"]
    assert httpx.get(f"{alone}/nowhere").status_code == 404
    assert httpx.post(f"{alone}/predict", json={"picture": "x"}).status_code == 422


def test_every_file_has_its_hash_and_preprocessing_is_the_very_file(unpacked):
    lines = (unpacked / "SHA256SUMS").read_text().splitlines()
    files = {str(p.relative_to(unpacked)) for p in unpacked.rglob("*") if p.is_file()}
    named = {}
    for line in lines:
        sha256, _space, name = line.partition("  ")
        named[name] = sha256
    assert set(named) == files - {"SHA256SUMS"}
    for name, sha256 in named.items():
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == sha256
    ours = preprocess.__file__
    assert (unpacked / "training/engine/preprocess.py").read_bytes() == Path(ours).read_bytes()
    assert json.loads((unpacked / "bundle.json").read_text())["endpoint"] == "castings"
    needed = (unpacked / "requirements.txt").read_text().splitlines()
    assert {"onnxruntime", "simplejpeg", "protobuf"} <= {one.split("==")[0] for one in needed}
    assert all("==" in one for one in needed)
    assert (unpacked / "labels.txt").read_text() == "ok\nscratch\n"


def test_the_api_gives_the_same_bytes_and_the_audit_log_the_hash(
    browse, alice, bob, carol, acme, champion
):
    path = f"/api/v1/tenants/acme/model-versions/{champion.pk}/bundle"
    answers = [browse(person).get(path) for person in (alice, bob)]
    assert answers[0].getvalue() == answers[1].getvalue()
    assert browse(carol).get(path).status_code == 404
    assert browse(carol).get(path.replace("acme", "globex")).status_code == 404
    with tenant_scope(acme):
        entry = AuditEntry.objects.filter(verb="model.bundled").first()
        assert entry.detail["sha256"] == answers[0]["X-Bundle-SHA256"]
        assert bundle.bundle_of(champion).sha256 == answers[0]["X-Bundle-SHA256"]


def test_the_page_of_the_model_lists_what_is_in_it(browse, bob, acme, castings, champion):
    page = f"/t/acme/e/{castings.engagement_id}/models/{champion.pk}"
    assert f"{page}/bundle/panel/" in browse(bob).get(f"{page}/").content.decode()
    text = browse(bob).get(f"{page}/bundle/panel/").content.decode()
    assert "Download the bundle" in text
    assert "serving/bundled/serve.py" in text
