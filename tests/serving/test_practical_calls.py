"""The calls printed beside the practicals run as they stand, and the server sees them."""

import pytest
from django.test import override_settings

from accounts.scoping import tenant_scope
from enablement import places, practicals, practice, snippets
from enablement.models import PracticeAnswer, PracticeCall
from serving.practicals import place
from tests import printed
from tests.serving import models

LANGUAGES = ("curl", "Python", "JavaScript")


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
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_call_does_its_practical(language, words, castings, acme, bob, tmp_path):
    if not printed.can_run(language):
        pytest.skip(f"{printed.COMMANDS[language][0]} is not installed")
    (tmp_path / "image.jpg").write_bytes(models.picture())
    for one in practicals.known():
        for call in snippets.of(one.key, words):
            if call["name"] == language:
                with tenant_scope(acme):  # each with the whole quota of a fresh key
                    _row, key = practice.make_key(by=bob)
                printed.run(language, call["code"], key, tmp_path)
                with tenant_scope(acme):
                    calls = list(PracticeCall.objects.values_list("status", "images"))
                    said = list(PracticeAnswer.objects.values_list("verdict", "right_label"))
                    assert one.find(castings.engagement, bob), (one.key, calls, said)


def test_every_practical_done_with_a_key_says_how():
    told = {one.key for one in practicals.known() if one.needs_key}
    assert told == snippets.SNIPPETS.keys()
