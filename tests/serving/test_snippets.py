"""The calls printed on the endpoint's page run as they stand."""

import os
import shutil
import subprocess
import sys

import pytest

from serving.snippets import snippets
from tests.serving import models
from tests.serving.conftest import answer

pytestmark = pytest.mark.slow
COMMANDS = {
    "curl": ["sh"],
    "Python": [sys.executable],
    "JavaScript": ["node", "--input-type=module"],
    "Open Inference": [sys.executable],
    "Hugging Face": [sys.executable],
}


def test_every_call_prints_the_answer(inference, deployed, version_of, ask, key, tmp_path):
    deployed(version_of())
    (tmp_path / "image.jpg").write_bytes(models.picture())
    label = answer(ask(models.picture()))["label"]
    printed = snippets(f"{inference.url}/v1/endpoints/acme/castings/predict")
    assert [one["name"] for one in printed] == list(COMMANDS)
    for one in printed:
        command = COMMANDS[one["name"]]
        if shutil.which(command[0]):
            assert label in _run(command, one["code"], key, tmp_path), one["name"]


def test_behind_tls_tritons_client_is_told_so():
    printed = {one["name"]: one["code"] for one in snippets("https://x.example/v1/e/t/a/predict")}
    assert 'InferenceServerClient("x.example/v1/e/t/a", ssl=True)' in printed["Open Inference"]
    assert 'model="https://x.example/v1/e/t/a"' in printed["Hugging Face"]


def _run(command, code, key, folder):
    done = subprocess.run(
        command,
        input=code,
        env=os.environ | {"LEPTON_KEY": key},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
