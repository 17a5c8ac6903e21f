"""What a run's log and manifest say, in words a person can read."""

import subprocess
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import pytest

from lepton.lib import live
from training.engine.progress import Progress
from training.runs import manifest
from training.runs.reporter import Reporter
from training.runs.spent import Spent


@pytest.fixture
def reporter(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "look_again", lambda *words: None)

    @contextmanager
    def scope():
        yield None

    claim = SimpleNamespace(id=1, tenant_id=1, scope=scope, write=lambda **changes: None)
    run = SimpleNamespace(engagement_id=1, log_tail="", cpu_seconds=None, gpu_seconds=None)
    return Reporter(claim, run, Spent(run), work_dir=tmp_path, cache_dir=tmp_path)


def said(reporter):
    return [line.split(" ", 1)[1] for line in reporter.lines]


def test_the_log_says_what_is_counted(reporter):
    reporter(Progress("preparing", 0, 42, message="Fetching images"))
    reporter(Progress("preparing", 42, 42))
    reporter(Progress("training", 0, 84))
    reporter(Progress("evaluating", 0, 48))
    assert said(reporter) == [
        "Fetching images: 42",
        "Training in 84 steps",
        "Evaluating on 48 test images",
    ]


def test_what_is_not_counted_is_said_without_a_number(reporter):
    reporter(Progress("preparing"))
    assert said(reporter) == ["Preparing images"]


def test_an_epoch_has_the_figures_of_the_report_that_closes_it(reporter, monkeypatch):
    """What the next one's batches come to is none of its business, though a resume begins there."""
    noted = []
    monkeypatch.setattr("training.runs.reporter.write_epoch", lambda *words: noted.append(words))
    at_an_end = Progress("training", 4, 8, train_loss=0.5, valid_loss=0.4, closed_epoch=1)
    reporter(Progress("training", 5, 8, train_loss=0.9, valid_loss=0.4))
    reporter(at_an_end)
    reporter(Progress("training", 6, 8, train_loss=0.8, valid_loss=0.4))
    assert noted == [(None, 1, at_an_end)]
    assert said(reporter)[1:] == ["epoch 1: train loss 0.5000, valid loss 0.4000"]


def test_outside_git_the_code_is_named_by_the_packages_version(monkeypatch):
    monkeypatch.delenv("LEPTON_REVISION", raising=False)
    no_git = mock.Mock(side_effect=subprocess.CalledProcessError(128, "git"))
    monkeypatch.setattr(subprocess, "run", no_git)
    assert manifest.code_revision.__wrapped__() == "lepton 1.0"


def test_code_that_nothing_names_is_not_made_up(monkeypatch, settings, tmp_path):
    monkeypatch.delenv("LEPTON_REVISION", raising=False)
    settings.BASE_DIR = tmp_path
    assert manifest.code_revision.__wrapped__() == ""
