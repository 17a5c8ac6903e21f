"""One endpoint, several dialects, one answer: every client gets the same label and score."""

import base64
import json
import socket
import subprocess
import sys

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from huggingface_hub import InferenceClient

from lepton.supervisor.table import WEB
from tests.serving import models
from tests.serving.test_refusals import bearer

pytestmark = pytest.mark.slow
# What Java's own client sends with each request, and curl when told to speak HTTP/2.
OFFER = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
}


@pytest.fixture
def site(inference, served_environment):
    """The site's own port, which passes predictions on; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    environment = served_environment | {
        "LEPTON_INFERENCE_PORT": inference.url.rpartition(":")[2],
        "DJANGO_SETTINGS_MODULE": "lepton.settings",
    }
    command = [sys.executable, *WEB, "--fd", str(listener.fileno()), "--log-level", "warning"]
    with subprocess.Popen(command, env=environment, pass_fds=[listener.fileno()]) as process:
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            listener.close()


def test_every_client_gets_the_same_label_and_score(inference, deployed, version_of, key, tmp_path):
    deployed(version_of())
    _ask_with_every_client(inference.url, key, tmp_path)


def test_every_client_works_through_the_site_as_well(site, deployed, version_of, key, tmp_path):
    deployed(version_of())
    _ask_with_every_client(site, key, tmp_path)


def _ask_with_every_client(origin, key, tmp_path):
    image, endpoint = models.picture(), f"{origin}/v1/endpoints/acme/castings"
    encoded = base64.b64encode(image).decode()
    (tmp_path / "image.jpg").write_bytes(image)
    answers = {
        "requests": _requests(endpoint, key, data=image),
        "requests, form": _requests(endpoint, key, files={"image": image}),
        "requests, json": _requests(endpoint, key, json={"image": encoded}),
        "requests, offering HTTP/2": _requests(endpoint, key, OFFER, data=image),
        "curl": _curl(endpoint, key, tmp_path / "image.jpg"),
        "triton, binary": _triton(endpoint, key, image, binary=True),
        "triton, json": _triton(endpoint, key, image, binary=False),
        "hugging face": _hugging_face(endpoint, key, image),
        "hugging face, top 1": _hugging_face(endpoint, key, image, top_k=1),
    }
    assert len(set(answers.values())) == 1, answers


def test_every_dialect_names_its_predictions_in_a_header(ask, deployed, version_of):
    deployed(version_of())
    image = models.picture()
    encoded = base64.b64encode(image).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [encoded]}
    native = ask(image)
    assert native.headers["x-prediction-id"] == native.json()["prediction_id"]
    infer = ask(json={"inputs": [tensor]}, path="acme/castings/v2/models/castings/infer")
    by_name = {one["name"]: one["data"] for one in infer.json()["outputs"]}
    assert [infer.headers["x-prediction-id"]] == by_name["prediction_id"]
    assert ask(image, path="acme/castings").headers["x-prediction-id"]


def _requests(endpoint, key, headers=None, **sent):
    headers = bearer(key) | (headers or {})
    reply = requests.post(f"{endpoint}/predict", headers=headers, timeout=30, **sent)
    assert reply.status_code == 200, reply.text
    return reply.json()["label"], reply.json()["score"]


def _curl(endpoint, key, path):
    command = ["curl", "--silent", "--fail-with-body", f"{endpoint}/predict"]
    command += ["--header", f"X-API-Key: {key}", "--data-binary", f"@{path}"]
    reply = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return reply["label"], reply["score"]


def _triton(endpoint, key, image, *, binary):
    data = image if binary else base64.b64encode(image)
    sent = triton.InferInput("image", [1], "BYTES")
    sent.set_data_from_numpy(np.array([data], dtype=np.object_), binary_data=binary)
    wanted = [triton.InferRequestedOutput(n, binary_data=binary) for n in ("label", "scores")]
    with triton.InferenceServerClient(endpoint.removeprefix("http://")) as client:
        result = client.infer("castings", [sent], outputs=wanted, headers=bearer(key))
    label = result.as_numpy("label")[0]
    return label.decode() if binary else label, float(result.as_numpy("scores").max())


def _hugging_face(endpoint, key, image, **options):
    client = InferenceClient(model=endpoint, token=key)
    best = client.image_classification(image, **options)[0]
    return best.label, best.score
