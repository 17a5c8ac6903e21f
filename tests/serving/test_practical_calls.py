"""The calls printed beside the practicals run as they stand, and the server sees them."""

import os
import shutil
import subprocess
import sys

import pytest
from django.test import override_settings

from accounts.scoping import tenant_scope
from enablement import places, practicals, practice, snippets
from enablement.models import PracticeAnswer, PracticeCall
from serving.practicals import place
from tests.serving import models

COMMANDS = {
    "curl": ["sh"],
    "Python": [sys.executable],
    "JavaScript": ["node", "--input-type=module"],
}


@pytest.fixture
def words(inference, deployed, version_of, castings, acme, live_server):
    """What snippets say: predictions go to the data plane, feedback to the site."""
    deployed(version_of())
    with tenant_scope(acme), override_settings(LEPTON_PUBLIC_URL=live_server.url):
        engagement = castings.engagement
        assert place(engagement).labels == models.CLASSES
        found = places.words(engagement)
    served = f"{inference.url}/v1/endpoints/acme/castings"
    return found | {"endpoint_url": served, "predict_url": f"{served}/predict"}


@pytest.mark.slow
@pytest.mark.parametrize("language", COMMANDS)
def test_each_call_does_its_practical(language, words, castings, acme, bob, tmp_path):
    command = COMMANDS[language]
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "image.jpg").write_bytes(models.picture())
    for one in practicals.known():
        for printed in snippets.of(one.key, words):
            if printed["name"] == language:
                with tenant_scope(acme):  # each with the whole quota of a fresh key
                    _row, key = practice.make_key(by=bob)
                _run(command, printed["code"], key, tmp_path)
                with tenant_scope(acme):
                    calls = list(PracticeCall.objects.values_list("status", "images"))
                    said = list(PracticeAnswer.objects.values_list("verdict", "right_label"))
                    assert one.find(castings.engagement, bob), (one.key, calls, said)


def test_every_practical_done_with_a_key_says_how():
    told = {one.key for one in practicals.known() if one.needs_key}
    assert told == snippets.SNIPPETS.keys()


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
    assert done.returncode == 0, done.stdout + done.stderr
