"""No run is lost, doubled or stuck when workers, the broker or the web process die."""

import signal
import subprocess
import sys

import pytest

from accounts.scoping import tenant_scope
from tests.faults.workers import wait_for
from tests.training import made_of
from training.models import ModelVersion, Run, RunEpoch
from training.runs import services

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LONG = {"epochs": 10, "patience": 10, "batch_size": 4}
# A web process that is killed the moment its run is committed, before it wakes anybody.
KILLED_BEFORE_THE_WAKE_UP = """
import os, signal, sys, uuid, django
django.setup()
from accounts.models import User
from accounts.scoping import tenant_scope
from lepton.lib import wake
from training.models import DatasetVersion
from training.runs import services
wake.wake = lambda task: os.kill(os.getpid(), signal.SIGKILL)
with tenant_scope(uuid.UUID(sys.argv[1])):
    version = DatasetVersion.objects.get()
    services.start_run(
        version.dataset.engagement, dataset_version=version, method="fine_tune",
        backbone="lepton_small", params={"epochs": 1}, by=User.objects.get(pk=sys.argv[2]),
    )
"""


@pytest.fixture
def run(engagement, surroundings, alice, monkeypatch):
    """A run that is committed while its wake-up is lost: only a sweeper can find it."""
    monkeypatch.setattr("lepton.lib.wake.wake", lambda task: None)
    return made_of.start(engagement, alice, LONG)


def test_a_web_process_killed_between_commit_and_wake_up_loses_no_run(
    engagement, alice, surroundings, workers
):
    tenant_id = engagement.tenant_id
    with tenant_scope(tenant_id):
        made_of.dataset_version(engagement, alice)
    command = [sys.executable, "-c", KILLED_BEFORE_THE_WAKE_UP, str(tenant_id), str(alice.pk)]
    web = subprocess.run(command, env=surroundings, capture_output=True, timeout=30)
    assert web.returncode == -signal.SIGKILL, web.stderr.decode()
    with tenant_scope(tenant_id):
        run = Run.objects.get()
    pair = [workers("left"), workers("right")]
    done = wait_for(lambda: ended(run), 40, pair[0])
    assert (done.state, done.attempt, done.crashes) == ("succeeded", 1, 0)
    assert model_versions(run) == 1


def test_a_killed_workers_run_goes_on_from_its_checkpoint(run, workers):
    first = workers("first")
    wait_for(lambda: epochs(run) >= 4, 30, first)
    first.kill()
    assert again(run).state == "training"
    reached = epochs(run)
    second = workers("second")
    done = wait_for(lambda: ended(run), 40, second)
    assert (done.state, done.attempt) == ("succeeded", 2), done.log_tail
    assert done.log_tail.count("epoch 1:") == 1  # it was not trained twice
    assert epochs(run) > reached
    assert model_versions(run) == 1


def test_a_killed_broker_loses_no_run(run, workers, own_redis):
    worker = workers("steady", REDIS_URL=own_redis.url)
    wait_for(lambda: epochs(run) >= 2, 30, worker)
    own_redis.kill()
    reached = epochs(run)
    wait_for(lambda: epochs(run) > reached, 10, worker)  # the work goes on without a broker
    own_redis.start()
    done = wait_for(lambda: ended(run), 30, worker)
    assert (done.state, done.attempt, done.crashes) == ("succeeded", 1, 0)
    second = start_another(run)  # and the same worker hears of new work
    assert wait_for(lambda: ended(second), 30, worker).state == "succeeded"
    assert worker.process.poll() is None


def test_a_worker_told_to_stop_gives_its_run_back_with_a_checkpoint(run, workers):
    first = workers("leaving")
    wait_for(lambda: epochs(run) >= 3, 30, first)
    assert first.terminate(within=15) == 0
    waiting = again(run)
    assert (waiting.state, waiting.claimed_by, waiting.crashes) == ("queued", "", 0)
    assert waiting.lease_expires_at is None
    done = wait_for(lambda: ended(run), 40, workers("next"))
    assert (done.state, done.attempt, done.crashes) == ("succeeded", 2, 0)
    assert done.log_tail.count("epoch 1:") == 1
    assert model_versions(run) == 1


def again(run):
    with tenant_scope(run.tenant_id):
        return Run.objects.get(pk=run.pk)


def ended(run):
    found = again(run)
    return found if found.has_ended else None


def epochs(run):
    with tenant_scope(run.tenant_id):
        return RunEpoch.objects.filter(run=run).count()


def model_versions(run):
    with tenant_scope(run.tenant_id):
        return ModelVersion.objects.filter(run=run).count()


def start_another(run):
    with tenant_scope(run.tenant_id):
        return services.start_run(
            run.engagement,
            dataset_version=run.dataset_version,
            method=run.method,
            backbone=run.backbone,
            params={"epochs": 1},
            by=run.created_by,
        )
