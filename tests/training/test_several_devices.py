"""A run whose fine-tuning is shared by two processes: one row, one fate."""

import psutil
import pytest
from django.db import connection

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import made_of
from training import leases, runner
from training.models import ModelVersion, Run
from training.runs import services

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SHARED = {"epochs": 12, "batch_size": 16, "patience": 500}


@pytest.fixture
def run(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME, settings.LEPTON_TRAINING_DEVICES = tmp_path, 2
    engagement = factories.engagement(acme, alice)
    return made_of.start(engagement, alice, SHARED)


@pytest.fixture
def in_training(monkeypatch):
    """`in_training(act)` does something once, when the second epoch is reported; it gives the list
    of all epochs that are."""
    heard, epochs = runner.Attempt._progress, []

    def once(act):
        acts = [act]

        def hear(self, progress):
            heard(self, progress)
            if progress.phase == "training" and progress.done and progress.total > 1:
                epochs.append(progress.epoch)
                if progress.epoch >= 2 and acts:
                    acts.pop()()

        monkeypatch.setattr(runner.Attempt, "_progress", hear)
        return epochs

    return once


def again(run):
    with tenant_scope(run.tenant_id):
        return Run.objects.get(pk=run.pk)


def ranks():
    """Processes of ours that train."""
    children = psutil.Process().children(recursive=True)
    return [one for one in children if _trains(one)]


def _trains(process):
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie of another test
        return False
    return "torch.distributed.run" not in words and any("several" in word for word in words)


def test_a_killed_process_is_a_crash_of_the_run_which_goes_on_from_its_checkpoint(
    acme, run, in_training
):
    heard = in_training(lambda: ranks()[-1].kill())
    assert leases.work_off("run", runner.carry_out, most=1) == 1
    broken = again(run)
    assert broken.state == "training"
    assert broken.cause.startswith("RankLost: Process ")
    assert not ranks()
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("UPDATE training_run SET lease_expires_at = now() - interval '1 second'")
    claim = leases.claim("run", "next")
    assert (claim.attempt, claim.crashes) == (2, 1)
    heard.clear()
    runner.carry_out(claim)
    done = again(run)
    assert (done.state, done.cause) == ("succeeded", ""), done.log_tail
    assert min(heard) >= 2  # the first epoch was not trained twice
    with tenant_scope(acme):
        version = ModelVersion.objects.get()
        assert version.meta["summary"]["devices"] == 2
        epochs = [one.epoch for one in done.epochs.order_by("epoch")]
        assert epochs == list(range(SHARED["epochs"] + 1))
    assert done.cpu_seconds > 0


def test_a_cancel_reaches_every_process(run, in_training, alice, settings):
    settings.LEPTON_HEARTBEAT_SECONDS = 0.05

    def cancel():
        assert len(ranks()) == 2
        with tenant_scope(run.tenant_id):
            services.cancel_run(Run.objects.get(pk=run.pk), by=alice)

    in_training(cancel)
    leases.work_off("run", runner.carry_out)
    assert again(run).state == "cancelled"
    assert not ranks()
