"""kill -9 of the worker in the middle of an erasure, again and again: all of it goes, once.

A failure names its seed: ERASURE_SEED=7 pytest …
"""

import os
import random
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements.models import ActionItem, Document, TimelineEntry
from feedback.erasure import services
from feedback.erasure.models import ErasedPiece, Erasure
from lepton.lib import storage
from serving.models import Prediction
from tests.faults.workers import wait_for
from tests.feedback import plant as plants
from tests.training.zips import two_classes
from training.models import Image, Item

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EACH = 20  # images a class
SUBJECT, PICTURES = "visit-7", 12  # of its pictures the image and what was sent go: two files each
# A worker that dies before it removes a file, or at the very end, when the receipt is being filed.
WORKER = """
import os, signal, sys, django; django.setup()
from feedback.erasure import work
from training import leases
work.AT_ONCE = 4
removed, discard = [], work.storage.discard
def die(*_arguments, **_words):
    os.kill(os.getpid(), signal.SIGKILL)
def dies(key):
    if str(len(removed)) == sys.argv[1]:
        die()
    removed.append(key)
    discard(key)
work.storage.discard = dies
if sys.argv[1] == "receipt":
    work.documents.add_document = die
leases.work_off("erasure", work.carry_out)
"""


@pytest.fixture
def plant(acme, alice):
    """Its customer asks again about images of the data as one visit, about others as another."""
    made = plants.build(acme, alice, each=EACH)
    made.asked = _asked(made, SUBJECT, slice(0, PICTURES))
    _asked(made, "visit-8", slice(PICTURES, PICTURES + 6))
    return made


@pytest.fixture
def neighbour(carol):
    """Another tenant with the very same pictures under the same reference."""
    made = plants.build(tenant_for(carol, "globex"), carol, each=EACH)
    _asked(made, SUBJECT, slice(0, PICTURES))
    return made


@pytest.fixture
def worker(surroundings):
    """Work off erasures in a process of its own that dies where it is told to."""

    def work(dies_at):
        command = [sys.executable, "-c", WORKER, str(dies_at)]
        done = subprocess.run(command, env=surroundings, capture_output=True, timeout=60)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()

    return work


def test_whenever_its_worker_is_killed_all_of_a_subject_goes_and_nothing_else(
    plant, neighbour, worker, workers, alice
):
    seed = int(os.environ.get("ERASURE_SEED") or secrets.randbelow(10**6))
    print(f"ERASURE_SEED={seed}")
    dice = random.Random(seed)
    before, erasure = _files(), _confirmed(plant, alice)
    with tenant_scope(plant.tenant):
        going = set(erasure.pieces.values_list("storage_key", flat=True))
    assert len(going) == 2 * PICTURES and going < before
    for dies_at in [*(dice.randint(1, PICTURES // 2) for _kill in range(3)), "receipt"]:
        worker(dies_at)
        assert _again(plant, erasure).state == "running"
        _run_out(plant)
    assert not going & _files()
    # nobody was woken: a sweeper finds what is left
    done = wait_for(lambda: _succeeded(plant, erasure), 30, workers("sweeping", queue="imports"))

    with tenant_scope(plant.tenant):
        receipt = Document.objects.get(title="Receipt of an erasure")
        assert done.receipt_id == receipt.pk
        _the_receipt_names_all(done, receipt)
        _it_is_told_once()
        _the_rows_forgot_it(plant, done)
    assert _files() == (before - going) | {receipt.storage_key}
    with tenant_scope(neighbour.tenant):
        assert not Image.objects.exclude(erased_at=None).exists()
        assert not Prediction.objects.filter(input_key="").exists()
        assert Item.objects.count() == 2 * EACH


def _asked(plant, reference, part):
    pictures = list(two_classes(EACH).values())[part]
    return [plants.predict(plant, data, reference=reference) for data in pictures]


def _confirmed(plant, by):
    with tenant_scope(plant.tenant):
        asked = {"kind": "reference", "subject": SUBJECT, "reason": "Asked for in writing."}
        erasure = services.ask_for_erasure(plant.engagement, by=by, **asked)
        found = services.listing.look(erasure.kind, erasure.subject)
        return services.confirm_erasure(erasure, touches_sha256=found.sha256, by=by)


def _the_receipt_names_all(erasure, receipt):
    text = storage.get(receipt.storage_key).decode()
    for piece in erasure.pieces.all():
        assert piece.erased_at and f"sha256 {piece.sha256}, {piece.erased_at:%Y-%m-%d}" in text
    assert text.count("- Image, sha256") == text.count("- Kept input, sha256") == PICTURES
    assert f"Predictions without their inputs: {PICTURES}" in text


def _it_is_told_once():
    assert AuditEntry.objects.filter(verb="erasure.done").count() == 1
    assert TimelineEntry.objects.filter(kind="erasure.done").count() == 1
    assert ActionItem.objects.filter(title__startswith="Freeze the data anew").count() == 1


def _the_rows_forgot_it(plant, erasure):
    images = erasure.pieces.filter(kind=ErasedPiece.Kind.IMAGE).values("image")
    assert Image.objects.filter(pk__in=images).exclude(erased_at=None).count() == PICTURES
    assert Image.objects.exclude(erased_at=None).count() == PICTURES
    assert Item.objects.count() == 2 * EACH - PICTURES
    gone = Prediction.objects.filter(input_key="").values_list("pk", flat=True)
    assert set(gone) == {one.pk for one in plant.asked}


def _files() -> set[str]:
    """The keys of all that is stored, of all tenants."""
    top = Path(default_storage.path(""))
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def _again(plant, erasure) -> Erasure:
    with tenant_scope(plant.tenant):
        return Erasure.objects.get(pk=erasure.pk)


def _succeeded(plant, erasure):
    found = _again(plant, erasure)
    return found if found.state == "succeeded" else None


def _run_out(plant):
    """The lease of the killed worker runs out."""
    with tenant_scope(plant.tenant):
        Erasure.objects.update(lease_expires_at=timezone.now())
