"""kill -9 of the worker in the middle of a step: nothing is lost, doubled, or half promoted."""

import signal
import subprocess
import sys

import pytest
from django.utils import timezone

from accounts.scoping import tenant_scope
from feedback.iteration import policies, services
from feedback.models import DataIteration, Receipt
from serving.models import Deployment
from tests.feedback import plant as plants
from training.models import DatasetVersion, Item, Run

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
# A worker that dies at the very end of a step, when all but its last write is done.
WORKER = """
import os, signal, sys, django; django.setup()
from feedback.iteration import checking, gathering, services, work
checking.PATIENCE_SECONDS = 0
from training.runs import services as runs
runs.check_backbone = lambda method, name: None
tell = services.tell
def die(*_arguments, **_words):
    os.kill(os.getpid(), signal.SIGKILL)
def told(row, kind, **words):
    die() if kind == sys.argv[1] else tell(row, kind, **words)
services.tell = told
if sys.argv[1] == "gathered":
    gathering.audit.record = die
work.work_off()
"""


@pytest.fixture
def plant(acme, alice):
    return plants.build(acme, alice)


@pytest.fixture
def worker(surroundings):
    """Work off what is due in a process of its own; it dies where it is told to."""

    def work(dies_at=""):
        command = [sys.executable, "-c", WORKER, dies_at]
        done = subprocess.run(command, env=surroundings, capture_output=True, timeout=120)
        assert done.returncode == (-signal.SIGKILL if dies_at else 0), done.stderr.decode()

    return work


def test_a_killed_worker_loses_no_correction_and_promotes_nothing_by_half(plant, worker):
    with tenant_scope(plant.tenant):
        policies.set_policy(plant.engagement, by=plant.by, mode="automatic", least_corrections=99)
    rows = [plants.predict(plant, seed=900 + n) for n in range(3)]
    with tenant_scope(plant.tenant):
        from feedback import services as feedback

        for row in rows:
            feedback.give(row, verdict="correct", label="scratch", by=plant.by)
        services.start(plant.engagement, by=plant.by)
    worker("gathered")
    assert _facts(plant) == ("gathering", 1, 1, 1, 0)
    _due(plant)
    worker()
    assert _facts(plant) == ("training", 2, 2, 1, 3)
    plants.finish(plants.run_of(plant), lambda label: label, seed=2)
    worker("data_iteration.promoted")
    assert _facts(plant) == ("judging", 2, 2, 1, 3)
    _due(plant)
    worker()
    assert _facts(plant) == ("checking", 2, 2, 2, 3)


def _facts(plant):
    """State, dataset versions, runs, deployments, and the corrections that are in the data."""
    with tenant_scope(plant.tenant):
        items = Item.objects.filter(path__startswith="feedback/").count()
        assert Receipt.objects.exclude(fate="").count() == items
        counts = [model.objects.count() for model in (DatasetVersion, Run, Deployment)]
        return (plants.iteration(plant).state, *counts, items)


def _due(plant):
    """What the killed worker held runs out."""
    with tenant_scope(plant.tenant):
        DataIteration.objects.update(due_at=timezone.now())
