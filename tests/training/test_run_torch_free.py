"""What few need is loaded where it is needed: each of an installation's processes pays for it."""

import ast
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "optuna", "scipy", "sklearn", "tensorboard")


@pytest.mark.parametrize(
    "modules",
    [
        "lepton.asgi, lepton.urls",
        "lepton.asgi, training.tasks, training.sweeper, training.runner",
        "serving.inference",
    ],
)
def test_torch_stays_out_of_processes_that_do_not_train(modules, server_environment):
    pages = "from django.urls import get_resolver; get_resolver().url_patterns"
    assert loaded(server_environment, HEAVY, f"import {modules}", pages) == []


def test_a_worker_starts_without_the_pages(server_environment):
    steps = (
        "from celery.fixups.django import DjangoWorkerFixup",
        "from lepton.celery import app",
        "DjangoWorkerFixup(app).validate_models()",
        "app.loader.import_default_modules()",
    )
    assert loaded(server_environment, ("lepton.urls", *HEAVY), *steps) == []


def loaded(environment, names, *steps):
    """Which of these modules a process of its own has loaded after the steps."""
    begin = "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'lepton.settings'"
    end = f"print([name for name in {names} if name in sys.modules])"
    program = "; ".join([begin, "django.setup()", *steps, end])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout.strip().splitlines()[-1])
