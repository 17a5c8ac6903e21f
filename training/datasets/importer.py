"""Carries out imports: batch after batch, each one transaction that a lost worker cannot spoil."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from engagements import timeline
from lepton.lib import storage
from training import leases, shutdown
from training.datasets import duplicates, filing, layout, services, splits
from training.datasets.archive import BadArchive, open_archive
from training.datasets.decoder import Decoder
from training.datasets.examine import examine
from training.models import Import, ImportRow

log = logging.getLogger(__name__)
BATCH = 100
BATCH_BYTES = 64 * 1024**2  # unpacked at once
TELL_SECONDS = 1.0
State = Import.State


def carry_out(claim: leases.Claim) -> None:
    """Take a claimed import as far as it goes; what earlier attempts wrote is not done again."""
    with claim.scope() as import_:
        claim.write(state=State.RUNNING)
        services.tell(import_)
    with leases.Heart(claim) as heart:
        try:
            if claim.exhausted:
                raise BadArchive(*leases.why_given_up(import_))
            ended = _work(claim, heart, import_)
        except BadArchive as error:
            _end(claim, State.FAILED, cause=error.cause, hint=error.hint)
            ended = True
    if ended:
        storage.discard(import_.upload_key)
        storage.discard(import_.splits_key)


def _work(claim, heart, import_) -> bool:
    """Work through the archive; return whether the import has ended."""
    with (
        _opened(claim, import_) as (archive, places, done),
        Decoder() as decoder,
        ThreadPoolExecutor(1) as ahead,
    ):
        told, state = 0.0, State.SUCCEEDED
        for batch in _batches(archive.entries[done:]):
            if heart.should_stop():
                state = State.CANCELLED
                break
            findings = examine(
                batch,
                [places[entry.position] for entry in batch],
                archive=archive,
                decoder=decoder,
                ahead=ahead,
                tenant_id=claim.tenant_id,
            )
            told = _file(claim, heart, findings, told)
            heart.moved()
    return _compare_and_end(claim, heart, import_, state)


def _compare_and_end(claim, heart, import_, state) -> bool:
    """What came before somebody cancelled is in the dataset too, so it is compared as well."""
    try:
        _go_on(heart)
        duplicates.note(import_, step=partial(_go_on, heart))
    except _Leave:
        claim.release()  # the next worker goes on from here
        return False
    _end(claim, state)
    return True


class _Leave(Exception):
    """The worker shuts down."""


def _go_on(heart) -> None:
    """Say that the work goes on. Raises LeaseLost and _Leave."""
    heart.moved()
    if heart.lost.is_set():
        raise leases.LeaseLost
    if shutdown.asked():
        raise _Leave


@contextmanager
def _opened(claim, import_):
    """The archive, the place of each of its files, and how many files are done already."""
    with _upload(import_) as file:
        archive = open_archive(file, max_files=settings.LEPTON_MAX_IMPORT_FILES)
        paths = [entry.path for entry in archive.entries]
        given = _splits_file(import_, archive)
        manifest = splits.parse(given, paths) if given is not None else None
        with claim.scope() as row:
            requirement = row.dataset.engagement.requirement
            done = row.rows.count()
            claim.write(files_total=len(paths), files_done=done)
        classes = requirement.classes if requirement else []
        yield archive, layout.places(paths, manifest=manifest, classes=classes), done


def _splits_file(import_, archive) -> bytes | None:
    """The splits file that was sent, else the one inside, as an exported zip has it."""
    if import_.splits_key:
        return storage.get(import_.splits_key)
    inside = [entry for entry in archive.entries if entry.path == layout.SPLITS_FILE]
    return archive.read(inside[0]) if inside else None


def _upload(import_):
    try:
        return storage.reading(import_.upload_key)
    except FileNotFoundError:
        raise BadArchive(_("The upload is no longer in storage."), _("Upload it again.")) from None


def _batches(entries):
    """Cut the files into batches of few enough files and bytes."""
    batch, size_bytes = [], 0
    for entry in entries:
        if batch and (len(batch) == BATCH or size_bytes + entry.size_bytes > BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(entry)
        size_bytes += entry.size_bytes
    if batch:
        yield batch


def _file(claim, heart, findings, told) -> float:
    """Write a batch and tell watchers, at most once a second; return when they were told."""
    now = time.monotonic()
    with claim.scope() as import_:
        filing.file_batch(import_, findings)
        claim.checkpointed(files_done=findings[-1].position + 1)
        if import_.cancel_requested_at:
            heart.cancel_requested.set()  # the heart itself looks once a second only
        if now - told >= TELL_SECONDS:
            services.tell(import_)
            told = now
    return told


def _end(claim, state, *, cause="", hint=""):
    with claim.scope() as import_:
        claim.release(**leases.ended(state=state, cause=cause, hint=hint))
        _note_end(import_, state, cause)
        services.tell(import_)


def _note_end(import_, state, cause):
    engagement, url = import_.dataset.engagement, import_.get_absolute_url()
    facts = {"by": None, "url": url, "source": import_.source}
    if state == State.CANCELLED:
        services.note_cancelled(import_, by=None)
    elif state == State.FAILED:
        timeline.record(engagement, "import.failed", cause=cause, **facts)
    else:
        counts = import_.rows.aggregate(
            total=Count("pk"), accepted=Count("pk", filter=Q(outcome__in=ImportRow.IN_THE_SET))
        )
        timeline.record(engagement, "import.finished", **counts, **facts)
