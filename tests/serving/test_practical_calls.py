"""The calls printed beside the practicals run as they stand, and the server sees them."""

import pytest
from django.test import override_settings

from accounts.scoping import tenant_scope
from enablement import places, practicals, practice, snippets
from enablement.models import PracticeAnswer, PracticeCall
from serving.practicals import place
from tests import printed
from tests.serving import models

WILD = [
    ['5" crack', "it's $(touch hacked)"],
    ["`touch hacked`; \\n", "划痕 🙂 {x} ${x}"],
]
LANGUAGES = ("curl", "Python", "JavaScript")


@pytest.fixture
def words_for(inference, deployed, version_of, castings, acme, live_server):
    """What snippets say: predictions go to the data plane, feedback to the site."""

    def deploy(classes):
        deployed(version_of(classes=classes))
        with tenant_scope(acme), override_settings(LEPTON_PUBLIC_URL=live_server.url):
            engagement = castings.engagement
            assert place(engagement).labels == classes
            found = places.words(engagement)
        served = f"{inference.url}/v1/endpoints/acme/castings"
        return found | {"endpoint_url": served, "predict_url": f"{served}/predict"}

    return deploy


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_call_does_its_practical(language, words_for, castings, acme, bob, tmp_path):
    if not printed.can_run(language):
        pytest.skip(f"{printed.COMMANDS[language][0]} is not installed")
    words = words_for(models.CLASSES)
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


@pytest.mark.slow
@pytest.mark.parametrize("classes", WILD)
def test_a_class_of_any_name_is_corrected_and_nothing_else_is_done(
    words_for, classes, castings, acme, bob, tmp_path
):
    words = words_for(classes)
    (tmp_path / "image.jpg").write_bytes(models.picture())
    for call in snippets.of("practice.corrected", words):
        if printed.can_run(call["name"]):
            with tenant_scope(acme):
                _row, key = practice.make_key(by=bob)
            printed.run(call["name"], call["code"], key, tmp_path)
            with tenant_scope(acme):
                answered = PracticeAnswer.objects.order_by("-call__at").first()
                assert answered.verdict == "correct", call["name"]
                assert {answered.label, answered.right_label} == set(classes), call["name"]
    assert [file.name for file in tmp_path.iterdir()] == ["image.jpg"]
