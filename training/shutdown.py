"""Whether this worker was asked to stop; the processes of one worker share the answer."""

import mmap
import os

from celery.signals import worker_process_init, worker_shutting_down

_asked = mmap.mmap(-1, 1)  # anonymous and shared: the pool's processes are forks of the parent
_parent: list[int] = []


def asked() -> bool:
    """Say whether the worker shuts down, or its parent process is gone."""
    return bool(_asked[0]) or bool(_parent and os.getppid() != _parent[0])


@worker_shutting_down.connect
def _note_shutdown(**facts):
    _asked[0] = 1


@worker_process_init.connect
def _note_parent(**facts):
    _parent[:] = [os.getppid()]
