"""The web process never loads torch, nor does anything that only serves."""

import subprocess
import sys

import pytest

HEAVY = "[name for name in ('torch', 'torchvision', 'optuna') if name in sys.modules]"


@pytest.mark.parametrize(
    "modules",
    [
        "lepton.asgi, lepton.urls",
        "lepton.asgi, training.tasks, training.sweeper, training.runner",
        "serving.inference",
    ],
)
def test_torch_stays_out_of_processes_that_do_not_train(modules, server_environment):
    program = (
        "import os, sys, django;"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'lepton.settings'; django.setup();"
        f"import {modules};"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        f"print({HEAVY})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=server_environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
