"""A training on a GPU goes on where it stopped."""

import pytest

from tests.engine.test_fit import Killed, killer, train
from training.engine import fit
from training.engine.errors import Stopped


@pytest.fixture(autouse=True)
def checkpoints_at_once(monkeypatch):
    monkeypatch.setitem(fit.CHECKPOINT_SECONDS, "cuda", 0)


def test_it_goes_on_from_its_checkpoint_and_ends_like_an_unbroken_one(tmp_path):
    unbroken = train(tmp_path / "unbroken")
    with pytest.raises(Killed):
        train(tmp_path / "broken", progress=killer([4]))
    epochs = []
    resumed = train(
        tmp_path / "broken",
        progress=lambda report: epochs.append(report.epoch) if report.phase == "training" else None,
    )
    assert epochs[0] > 1
    assert len(resumed.history) == len(unbroken.history)
    for ours, theirs in zip(resumed.history, unbroken.history, strict=True):
        assert ours["valid_loss"] == pytest.approx(theirs["valid_loss"], abs=0.05)


def test_a_stop_in_the_middle_of_an_epoch_is_taken_up_there(tmp_path):
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) == 5

    with pytest.raises(Stopped):
        train(tmp_path, should_stop=should_stop)
    assert len(train(tmp_path).history) == 4
