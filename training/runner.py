"""The bridge: carries out claimed runs; only here, late and in a worker, Django reaches torch."""

import errno
import logging
import os
import traceback
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_noop

from lepton.lib import tracing
from training import leases
from training.datasets import vectors
from training.engine import backbones
from training.engine.errors import Stopped, TrainingFailed, TurnOver
from training.engine.progress import Progress
from training.models import Run
from training.runs import files, materials, outcome, sources
from training.runs.reporter import Reporter
from training.runs.spent import Spent
from training.runs.trials import TrialBook
from training.task_types import params as task_params
from training.task_types.data import Beside, Row, TrainingData

log = logging.getLogger(__name__)
FULL_CAUSE = gettext_noop("The disk is full: the run waits and goes on by itself.")
FULL_HINT = gettext_noop("Make room where LEPTON_HOME and the cache lie.")


def carry_out(claim: leases.Claim) -> None:
    """Carry a run to its end, or give it back to be continued. Raises LeaseLost."""
    with leases.Heart(claim) as heart:
        try:
            run = outcome.begin(claim)
        except Stopped:
            outcome.cancel(claim, _log_so_far(claim))
            files.clear_work(claim.id)
        except TrainingFailed as failure:
            outcome.fail(claim, failure, _log_so_far(claim))
        else:
            facts = {"run__number": run.number, "run__attempt": claim.attempt}
            facts |= {"run__method": run.method, "run__backbone": run.backbone}
            with tracing.span("run", following=run.traceparent, **facts):
                Attempt(claim, heart, run).carry_out()


class Attempt:
    """One attempt at one run: what its steps share."""

    def __init__(self, claim: leases.Claim, heart: leases.Heart, run: Run):
        self.claim, self.heart, self.run = claim, heart, run
        self.work_dir, self.cache_dir = files.work_dir(run.pk), materials.cache_of(claim.tenant_id)
        folders = {"work_dir": self.work_dir, "cache_dir": self.cache_dir}
        self.spent = Spent(run)
        self.report = Reporter(claim, run, self.spent, **folders)
        self.listeners = {"progress": self._progress, "should_stop": heart.should_stop}
        self.version_id = files.version_id(run.pk, claim.attempt)
        self.prefix = files.prefix_of(claim.tenant_id, self.version_id)

    def _progress(self, progress: Progress) -> None:
        self.heart.moved()
        self.report(progress)

    def carry_out(self) -> None:
        """Train, evaluate and store; whatever happens, the row says so."""
        try:
            self._work()
        except TurnOver:
            self._give_back("other tenants wait: goes on in its next turn")
        except Stopped:
            self._stopped()
        except TrainingFailed as failure:
            self.report.say(f"failed: {failure.cause}")
            self.claim.write(**self.spent.fields)
            outcome.fail(self.claim, failure, self.report.log_tail)
            files.clear_work(self.run.pk)
        except leases.LeaseLost:
            files.discard(self.prefix)
            raise
        except OSError as error:
            if error.errno != errno.ENOSPC:
                self._broke_off()
                raise
            self._wait_for_room()
        except Exception:
            self._broke_off()
            raise

    def _broke_off(self) -> None:
        self.report.say(traceback.format_exc(limit=-8))
        self.claim.write(log_tail=self.report.log_tail, **self.spent.fields)

    def _wait_for_room(self) -> None:
        """The disk is full, which is nobody's fault: go on from the checkpoint later."""
        files.discard(self.prefix)
        self.report.say("the disk is full: paused")
        words = {"cause": FULL_CAUSE, "hint": FULL_HINT, "log_tail": self.report.log_tail}
        state = {"state": Run.State.QUEUED, **self.spent.fields}
        self.claim.pause(settings.LEPTON_PAUSE_SECONDS, **state, **words)

    def _work(self) -> None:
        self.report.say(f"attempt {self.claim.attempt}: {self.run.method} on {self.run.backbone}")
        rows = materials.of_version(self.claim.tenant_id, self.run.dataset_version_id)
        with tracing.span("fetch images", images=len(rows)):
            materials.fetch(rows, self._images, **self.listeners)
        self.report(Progress("preparing", message=gettext_noop("Loading the libraries")))
        task_type = _task_type(self.run.task_type)
        self.spent.takes_gpus(_gpus(self.run))
        with tracing.span("train"):
            trained = self._train(task_type, self._shown(rows))
        held_out = [m for m in rows if m.split == "test"]
        with tracing.span("evaluate", images=len(held_out)):
            evaluation = task_type.evaluate(
                trained, self._rows(held_out), cache_dir=self.cache_dir, **self.listeners
            )
        with tracing.span("store"):
            files.store(trained.folder, self.prefix)
        found = {"trained": trained, "evaluation": evaluation, "materials": held_out}
        found["learnt"] = [m for m in rows if m.split == "train"]
        self.claim.write(**self.spent.fields)
        self.report.say(f"test accuracy {evaluation.metrics['accuracy']:.4f}")
        outcome.succeed(
            self.claim,
            version_id=self.version_id,
            prefix=self.prefix,
            log_tail=self.report.log_tail,
            **found,
        )
        self._keep_vectors(task_type, trained, rows)
        self._tidy()

    def _shown(self, rows):
        """What a training may see: no test row, nor a validation row that a source learnt from."""
        learnt = sources.learnt_images(self.run)
        return [
            m
            for m in rows
            if m.split != "test" and not (m.split == "valid" and m.image_id in learnt)
        ]

    def _train(self, task_type, rows):
        folder = Path(settings.LEPTON_WEIGHTS_DIR)
        backbone = backbones.CATALOGUE.get(self.run.backbone)
        if backbone and backbone.pretrained and self.run.method != Run.Method.ENSEMBLE:
            backbones.find_weights(backbone, folder, download=settings.LEPTON_DOWNLOAD_WEIGHTS)
        return task_type.train(
            TrainingData(list(self.run.dataset_version.classes), self._rows(rows)),
            task_params.from_dict(self.run.method, self.run.params),
            method=self.run.method,
            work_dir=self.work_dir,
            weights_dir=folder,
            cache_dir=self.cache_dir,
            pretrained=True,
            beside=self._beside(),
            **self.listeners,
        )

    def _beside(self) -> Beside:
        return Beside(
            models=sources.brought(self.run, self.cache_dir, self.heart.should_stop),
            notebook=TrialBook(self.claim),
            networks=backbones.with_weights(Path(settings.LEPTON_WEIGHTS_DIR)),
            devices=settings.LEPTON_TRAINING_DEVICES,
        )

    @property
    def _images(self) -> Path:
        return self.cache_dir / "images"

    def _rows(self, rows) -> list[Row]:
        index = {label: i for i, label in enumerate(self.run.dataset_version.classes)}
        return [
            Row(m.sha256, m.local(self._images), index[m.label], m.split, m.group) for m in rows
        ]

    def _stopped(self) -> None:
        files.discard(self.prefix)
        if self.heart.lost.is_set():
            raise leases.LeaseLost
        if self.claim.cancel_requested():
            self.claim.write(**self.spent.fields)
            self.report.say("cancelled")
            outcome.cancel(self.claim, self.report.log_tail)
            files.clear_work(self.run.pk)
        else:
            self._give_back("the worker shuts down: given back to be continued")

    def _give_back(self, why: str) -> None:
        self.report.say(why)
        self.claim.write(**self.spent.fields)
        outcome.requeue(self.claim, self.report.log_tail)

    def _keep_vectors(self, task_type, trained, rows) -> None:
        """Note what the network saw in the images, so that the gallery finds those alike."""
        known = task_type.kept_features(trained.meta, self._rows(rows), self.cache_dir)
        if not known:
            return
        ids, seen = [rows[place].image_id for place in known], np.stack(list(known.values()))
        weights = {"weights_sha256": trained.meta["weights"]["sha256"]}
        try:
            network = trained.meta["backbone"]["name"]
            vectors.keep(self.claim.tenant_id, ids, seen, network=network, **weights)
        except DatabaseError:
            log.warning("Could not keep the vectors of run %s", self.run.pk, exc_info=True)

    def _tidy(self) -> None:
        """Remove what this run and its earlier attempts left behind."""
        try:
            files.clear_work(self.run.pk)
            for attempt in range(1, self.claim.attempt):
                earlier = files.version_id(self.run.pk, attempt)
                files.discard(files.prefix_of(self.claim.tenant_id, earlier))
        except OSError:
            log.warning("Could not tidy up after run %s", self.run.pk, exc_info=True)


def _task_type(name):
    os.environ["OMP_NUM_THREADS"] = str(settings.LEPTON_THREADS)  # read when torch is first loaded
    from training import task_types

    return task_types.get(name)


def _gpus(run) -> int:
    """How many GPUs a run holds; of a search, as many as a trial of the usual batch."""
    from training.engine import device

    if device.choose().type != "cuda":
        return 0
    tunes = Run.Method.FINE_TUNE in (run.method, run.params.get("over"))
    tunes = tunes or run.method == Run.Method.DISTILLATION
    usual = task_params.from_dict(Run.Method.FINE_TUNE, {}).batch_size if tunes else 1
    batch = run.params.get("batch_size", usual)
    return device.taking_part(settings.LEPTON_TRAINING_DEVICES, batch)


def _log_so_far(claim) -> str:
    with claim.scope() as run:
        return run.log_tail
