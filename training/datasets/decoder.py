"""The other end of cleaner.py: one limited process, replaced when an image kills it."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from training.datasets.clean import Cleaned
from training.datasets.cleaner import READY

WALL_SECONDS = 60  # for one image; the process's own limit is 20 s of CPU
ROOT = Path(__file__).resolve().parent.parent.parent
NOT_STARTED = "The process that decodes images does not start: %s"
# Not our environment: a decoder has no business with passwords.
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class Died(Exception):
    """The process ended, or took too long, over one image."""


class DoesNotStart(RuntimeError):
    """No image is to blame: the installation is broken, or the machine out of memory."""


class Decoder:
    """Cleans images in a limited process; use it as a context manager, from one thread."""

    def __init__(self):
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._end()

    def clean(self, data: bytes) -> Cleaned:
        """Check one image; one that kills the process costs only itself. Raises DoesNotStart."""
        try:
            return self._ask(data)
        except (Died, OSError):
            self._end()
            return Cleaned("decoder_died", {})

    def _ask(self, data):
        if self._process is None or self._process.poll() is not None:
            self._start()
        deadline = time.monotonic() + WALL_SECONDS
        os.set_blocking(self._process.stdin.fileno(), False)
        self._write(len(data).to_bytes(4) + data, deadline)
        facts, stored = self._frame(deadline), self._frame(deadline)
        return Cleaned(*json.loads(facts), stored)

    def _write(self, data, deadline):
        pipe, view = self._process.stdin.fileno(), memoryview(data)
        while view:
            if not select.select([], [pipe], [], max(0, deadline - time.monotonic()))[1]:
                raise Died
            view = view[os.write(pipe, view) :]

    def _frame(self, deadline):
        return self._read(int.from_bytes(self._read(4, deadline)), deadline)

    def _read(self, count, deadline):
        pipe, parts = self._process.stdout.fileno(), []
        while count:
            if not select.select([pipe], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Died
            part = os.read(pipe, min(count, 1024 * 1024))
            if not part:
                raise Died
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _start(self):
        self._end()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "training.datasets.cleaner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd=ROOT,
            )
        except OSError as error:
            raise DoesNotStart(NOT_STARTED % error) from error
        with self._process.stderr as said:
            try:
                self._read(len(READY), time.monotonic() + WALL_SECONDS)
            except Died:
                self._process.kill()
                *_before, why = said.read().decode(errors="replace").splitlines() or ["?"]
                raise DoesNotStart(NOT_STARTED % why) from None

    def _end(self):
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
