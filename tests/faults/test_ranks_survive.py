"""A run that several processes share lives and dies with its worker."""

import psutil
import pytest

from tests.faults.test_run_survives import again, ended, epochs, model_versions
from tests.faults.workers import wait_for
from tests.training import made_of

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SHARED = {"epochs": 10, "patience": 500, "batch_size": 16}
TWO = {"LEPTON_TRAINING_DEVICES": "2"}
LONG_ENOUGH = 300  # seconds: three processes load their libraries at once


@pytest.fixture
def run(engagement, surroundings, alice):
    return made_of.start(engagement, alice, SHARED)


def ranks(worker):
    """The processes that train for a worker; torchrun, which starts them, is no such."""
    children = psutil.Process(worker.process.pid).children(recursive=True)
    words = [(child, child.cmdline()) for child in children]
    return [
        child
        for child, said in words
        if any("several" in word for word in said) and "torch.distributed.run" not in said
    ]


def test_the_processes_of_a_killed_worker_end_and_another_goes_on(run, workers):
    first = workers("first", **TWO)
    wait_for(lambda: epochs(run) >= 3, LONG_ENOUGH, first)
    left = ranks(first)
    assert len(left) == 2
    first.kill()
    _gone, alive = psutil.wait_procs(left, timeout=20)
    assert not alive
    done = wait_for(lambda: ended(run), LONG_ENOUGH, workers("second", **TWO))
    assert (done.state, done.attempt) == ("succeeded", 2), done.log_tail
    assert done.log_tail.count("epoch 1:") == 1
    assert model_versions(run) == 1


def test_a_worker_told_to_stop_stops_them_at_a_checkpoint(run, workers):
    first = workers("leaving", **TWO)
    wait_for(lambda: epochs(run) >= 3, LONG_ENOUGH, first)
    left = ranks(first)
    assert first.terminate(within=30) == 0
    assert not psutil.wait_procs(left, timeout=1)[1]
    waiting = again(run)
    assert (waiting.state, waiting.claimed_by, waiting.crashes) == ("queued", "", 0)
    done = wait_for(lambda: ended(run), LONG_ENOUGH, workers("next"))  # on one device, no matter
    assert (done.state, done.attempt, done.crashes) == ("succeeded", 2, 0)
    assert done.log_tail.count("epoch 1:") == 1
