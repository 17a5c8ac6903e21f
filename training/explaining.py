"""Carries out explanations: the engine in a process of its own, its answer into the row."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop

from lepton.lib import live, storage
from training import leases
from training.engine.errors import TrainingFailed
from training.models import Explanation
from training.runs import materials, sources

LIMIT_SECONDS = 180
State = Explanation.State


def carry_out(claim: leases.Claim) -> None:
    """Answer one question, or say why that cannot be. Raises LeaseLost."""
    with leases.Heart(claim):
        try:
            facts = _begin(claim)
            found = _asked(claim, facts)
        except TrainingFailed as failure:
            _end(claim, State.FAILED, cause=failure.cause, hint=failure.hint)
        else:
            scores, heat = found["scores"], found["heat"]
            _end(claim, State.SUCCEEDED, scores=scores, heat=heat, cause="", hint="")


def _begin(claim) -> dict:
    with claim.scope() as row:
        if claim.exhausted:
            raise TrainingFailed(*leases.why_given_up(row))
        claim.write(state=State.RUNNING)
        version = row.model_version
        return {
            "id": str(version.pk),
            "prefix": version.storage_prefix,
            "key": row.image.storage_key,
            "method": row.method,
            "label": version.classes.index(row.label) if row.label else None,
        }


def _asked(claim, facts) -> dict:
    folder = materials.cache_of(claim.tenant_id) / "models" / facts["id"]
    model = sources.fetched(facts["prefix"], folder)
    with tempfile.TemporaryDirectory() as work:
        image = Path(work) / "image"
        image.write_bytes(_image(facts["key"]))
        return _engine(model, image, facts)


def _image(key) -> bytes:
    try:
        return storage.get(key)
    except FileNotFoundError as error:
        raise TrainingFailed(
            gettext_noop("The image is missing from storage."),
            gettext_noop("Restore the storage from a backup, or import the image again."),
        ) from error


def _engine(model, image, facts) -> dict:
    """Ask `python -m training.engine.explain`; torch is loaded there and goes with it."""
    command = [sys.executable, "-m", "training.engine.explain", str(model), str(image)]
    command += ["--method", facts["method"]]
    command += [] if facts["label"] is None else ["--label", str(facts["label"])]
    threads = {"OMP_NUM_THREADS": str(settings.LEPTON_THREADS)}
    limits = {"timeout": LIMIT_SECONDS, "cwd": settings.BASE_DIR, "env": os.environ | threads}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, **limits)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise TrainingFailed(
            gettext_noop("It took more than three minutes."),
            gettext_noop("Try again when less is going on, or choose another method."),
        ) from error
    except subprocess.CalledProcessError as error:
        raise TrainingFailed(
            gettext_noop("The model could not be asked: %(error)s"),
            gettext_noop("Try another method, or ask for help with these words."),
            error=(error.stderr.strip().splitlines() or ["?"])[-1][:300],
        ) from error


def _end(claim, state, **facts) -> None:
    with claim.scope() as row:
        claim.release(**leases.ended(state=state, **facts))
        live.look_again(claim.tenant_id, row.topic)
