"""A run from queue to model version, carried out in this process on a few tiny images."""

import errno
import json

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from lepton.lib import storage
from tests import factories
from tests.training import made_of
from training import leases, runner
from training.models import EvaluatedItem, ModelVersion, Run
from training.runs import files, services

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = {"epochs": 2, "batch_size": 4}


@pytest.fixture
def run(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    engagement = factories.engagement(acme, alice)
    return made_of.start(engagement, alice, QUICK)


def again(run):
    with tenant_scope(run.tenant_id):
        return Run.objects.get(pk=run.pk)


def test_a_run_ends_with_a_model_version_measured_on_the_test_split(acme, run):
    assert leases.work_off("run", runner.carry_out) == 1
    with tenant_scope(acme):
        done = Run.objects.get(pk=run.pk)
        assert (done.state, done.cause) == ("succeeded", ""), done.log_tail
        version = ModelVersion.objects.get()
        figures = version.test_evaluation
        assert (version.number, version.classes, version.run) == (1, made_of.CLASSES, done)
        assert figures.n == 6 == sum(map(sum, figures.confusion))
        assert figures.accuracy_low < figures.accuracy_high
        right = [item for item in EvaluatedItem.objects.all() if item.label == item.answer]
        assert len(right) == round(figures.accuracy * 6)
        assert [epoch.epoch for epoch in done.epochs.all()] == [0, 1, 2]
        kinds = set(TimelineEntry.objects.values_list("kind", flat=True))
        assert {"run.queued", "run.succeeded"} <= kinds
    for name in files.NAMES:
        assert default_storage.exists(f"{version.storage_prefix}/{name}")
    meta = json.loads(storage.get(f"{version.storage_prefix}/meta.json"))
    assert meta == version.meta
    assert done.manifest["seed"] == 0
    assert done.manifest["weights"]["sha256"]
    assert done.manifest["files"]["model.onnx"] == meta["files"]["model.onnx"]["sha256"]
    assert not files.work_dir(run.pk).joinpath("checkpoint.safetensors").exists()


def test_training_never_receives_a_test_row(acme, run, monkeypatch):
    from training.task_types import image_classification

    seen = []
    train = image_classification.train

    def watched(data, *arguments, **options):
        seen.extend(data.rows)
        return train(data, *arguments, **options)

    monkeypatch.setattr(image_classification, "train", watched)
    leases.work_off("run", runner.carry_out)
    assert len(seen) == 16
    assert {row.split for row in seen} == {"train", "valid"}


def test_a_failure_names_cause_and_hint_and_makes_no_model_version(acme, run):
    with tenant_scope(acme):
        material = run.dataset_version.items.select_related("image").first()
    default_storage.delete(material.image.storage_key)
    leases.work_off("run", runner.carry_out)
    failed = again(run)
    assert failed.state == "failed"
    assert failed.cause == f"The image {material.path} is missing from storage."
    assert "backup" in failed.hint
    assert failed.cause in failed.log_tail
    with tenant_scope(acme):
        assert not ModelVersion.objects.exists()
        assert TimelineEntry.objects.filter(kind="run.failed").exists()


def test_a_cancel_acts_within_one_batch_of_training(acme, run, monkeypatch, alice, settings):
    from training.engine import fit

    settings.LEPTON_HEARTBEAT_SECONDS = 0.05
    steps = []
    step = fit.Fit._train_step

    def cancelling(self, *batch):
        steps.append(batch)
        if len(steps) == 1:
            with tenant_scope(acme):
                services.cancel_run(Run.objects.get(pk=run.pk), by=alice)
            import time

            time.sleep(0.3)  # a batch that takes a while
        return step(self, *batch)

    monkeypatch.setattr(fit.Fit, "_train_step", cancelling)
    leases.work_off("run", runner.carry_out)
    assert again(run).state == "cancelled"
    assert len(steps) == 1


def test_a_full_disk_pauses_the_run_and_it_goes_on_when_there_is_room(
    acme, run, monkeypatch, settings
):
    from training.engine import checkpoint

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write", full)
        leases.work_off("run", runner.carry_out)
    paused = again(run)
    assert (paused.state, paused.crashes, paused.claimed_by) == ("queued", 0, "")
    assert "disk is full" in paused.cause and "paused" in paused.log_tail
    assert leases.claim("run", "too early") is None
    expire(acme)
    leases.work_off("run", runner.carry_out)
    done = again(run)
    assert (done.state, done.cause, done.crashes) == ("succeeded", "", 0)


def test_a_worker_that_lost_its_lease_changes_nothing(acme, run):
    first = leases.claim("run", "first")
    expire(acme)
    second = leases.claim("run", "second")
    assert second.attempt == first.attempt + 1
    with pytest.raises(leases.LeaseLost):
        runner.carry_out(first)
    for late in (first.extend, lambda: first.write(cause="late"), lambda: first.release()):
        with pytest.raises(leases.LeaseLost):
            late()
    runner.carry_out(second)
    assert again(run).state == "succeeded"
    with pytest.raises(leases.LeaseLost):
        second.write(state="failed")
    with tenant_scope(acme):
        assert ModelVersion.objects.count() == 1


def test_three_crashes_without_a_checkpoint_fail_the_run(acme, run):
    for _crash in range(3):
        assert leases.claim("run", "killed").crashes < 3
        expire(acme)
    leases.work_off("run", runner.carry_out)
    failed = again(run)
    assert (failed.state, failed.cause) == ("failed", leases.CRASHED_CAUSE)
    assert failed.hint
    assert leases.claimable() == []


def test_a_checkpoint_makes_earlier_crashes_forgotten(acme, run):
    for _crash in range(2):
        leases.claim("run", "killed")
        expire(acme)
    claim = leases.claim("run", "steady")
    assert claim.crashes == 2
    claim.checkpointed()
    expire(acme)
    assert leases.claim("run", "next").crashes == 1


def test_an_unforeseen_error_is_tried_again_and_then_named(acme, run, monkeypatch, settings):
    settings.LEPTON_LEASE_SECONDS = 0.09
    from training.task_types import image_classification

    def broken(*arguments, **options):
        raise OSError("No space left on device")

    monkeypatch.setattr(image_classification, "train", broken)
    import time

    for _attempt in range(4):
        leases.work_off("run", runner.carry_out)
        time.sleep(0.1)
    failed = again(run)
    assert failed.state == "failed"
    assert failed.cause == "OSError: No space left on device"
    assert "Traceback" in failed.log_tail


def test_a_worker_that_shuts_down_gives_its_run_back(acme, run, monkeypatch):
    from training import shutdown

    claim = leases.claim("run", "leaving")
    monkeypatch.setattr(shutdown, "asked", lambda: True)
    runner.carry_out(claim)
    waiting = again(run)
    assert (waiting.state, waiting.claimed_by, waiting.lease_expires_at) == ("queued", "", None)
    monkeypatch.undo()
    next_claim = leases.claim("run", "next")
    assert (next_claim.attempt, next_claim.crashes) == (2, 0)


def expire(tenant):
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("UPDATE training_run SET lease_expires_at = now() - interval '1 second'")
