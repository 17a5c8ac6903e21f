"""The demo goes on where chance is against it: networks from nothing differ from host to host."""

import io
from types import SimpleNamespace

import pytest
from PIL import Image

from lepton.demo import enablement, promise, report, work
from lepton.demo.loop import Loop


class Stage:
    """Notes what is done, and does none of it but the step asked for."""

    def __init__(self, **parts):
        self.steps = []
        self.__dict__.update(parts)

    def step(self, name, act, *arguments):
        self.steps.append(name)
        return act(self, *arguments)


@pytest.fixture
def outcomes(monkeypatch):
    """What the verdicts on the models of the runs 1, 2 … are."""
    outcomes = {}

    def train(stage, number, version_number, settings):
        return {"model_version": number}

    def judge(stage, model):
        return {"outcome": outcomes.get(model, "inconclusive")}

    monkeypatch.setattr(work, "train", train)
    monkeypatch.setattr(promise, "judge", judge)
    return outcomes


@pytest.mark.parametrize(("passing", "trained"), [(2, 1), (3, 2), (None, 3)])
def test_it_trains_on_until_a_model_passes(outcomes, passing, trained):
    outcomes[passing] = "pass"
    stage = Stage()
    Loop(stage, [{}], (1, "data_iteration"), [{}, {}, {}])._train_until_one_passes()
    assert stage.steps == ["Another model", "Verdict"] * trained


def jpeg(colour):
    out = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(out, "JPEG")
    return out.getvalue()


def test_it_finds_a_wrong_answer_whatever_the_model(monkeypatch):
    pictures = {"clear": jpeg((30, 30, 30)), "opacity": jpeg((250, 250, 250))}
    items = [{"label": label, "path": label, "image_url": label} for label in pictures]
    monkeypatch.setattr(work, "test_images", lambda stage: items)

    class Program:
        def fetch(self, url):
            return pictures[url]

        def predict(self, slug, sent, reference):
            """Tells even what is far too dark apart, by the last bit of light in it."""
            with Image.open(io.BytesIO(sent)) as opened:
                is_lit = opened.getpixel((5, 5))[0] > 2
            return {"label": "opacity" if is_lit else "clear", "prediction_id": reference}

    wrong = enablement._wrong(Stage(program=Program(), slug="x"), [], {})
    assert (wrong["id"], wrong["label"]) == ("opacity", "clear")


@pytest.mark.parametrize("answers", [True, False])
def test_it_prints_the_call_of_an_endpoint_that_is_there(monkeypatch, answers):
    monkeypatch.setattr(work, "has_endpoint", lambda stage: answers)
    program = SimpleNamespace(key="lep_x", endpoints="http://x/v1/endpoints/acme")
    stage = Stage(program=program, slug="it", place=("acme", "Acme Castings"))
    printed = "\n".join(report._key(stage))
    assert "lep_x" in printed
    assert ("curl" in printed) == answers
