"""Start the ranks of one training by torchrun, listen to the first, and end them all together.

Whoever starts them and they share a folder: progress.jsonl grows as the first rank reports, `stop`
appears when it should stop, result.json says how it ended. Their standard input is a pipe of the
starter's, which ends when it does, however it dies: then the ranks end too.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from training.engine.errors import Stopped, TrainingFailed
from training.engine.graph import thread_count
from training.engine.progress import Progress

STOP, RESULT, PROGRESS, LOG = "stop", "result.json", "progress.jsonl", "log.txt"
LOOK_SECONDS = 0.1
GRACE_SECONDS = 10  # for ranks to leave once the first has said how it ended
NOTE_CHARACTERS = 2000  # of what the ranks printed, for the run's log
ROOT = Path(__file__).resolve().parents[2]
ENDED = re.compile(r"Root Cause.*?rank\s*: (\d+) .*?exitcode\s*: (-?\d+)", re.DOTALL)  # torchrun's


class RankLost(RuntimeError):
    """A rank ended without a word, and the others with it."""


def carry_out(
    module: str,
    folder: Path,
    count: int,
    *,
    progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> dict:
    """Have `count` ranks run `python -m module folder`; return what the first one found.

    Raises what the first one ended with (Stopped, TrainingFailed, OSError), RankLost, and whatever
    `progress` raises. No rank is left behind.
    """
    for name in (STOP, RESULT, PROGRESS):
        (folder / name).unlink(missing_ok=True)
    with (folder / LOG).open("wb") as log:
        process = _started(module, folder, count, log)
        try:
            _listen(process, folder, progress, should_stop)
        finally:
            _end(process)
    return _result(folder, count)


def _started(module, folder, count, log) -> subprocess.Popen:
    """In a session of its own: a signal to the worker is the worker's to pass on."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    run += ["--max-restarts=0", f"--nproc-per-node={count}", "--module", module, str(folder)]
    threads = str(max(1, thread_count() // count))
    environment = os.environ | {"OMP_NUM_THREADS": threads, "LEPTON_THREADS": threads}
    options = {"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
    return subprocess.Popen(run, stdin=subprocess.PIPE, env=environment, cwd=ROOT, **options)


def _listen(process, folder, progress, should_stop) -> None:
    """Pass on what the first rank reports, and the wish to stop, until it says how it ended."""
    heard = 0
    while True:
        is_over = process.poll() is not None or (folder / RESULT).exists()
        for report in _reports(folder / PROGRESS, heard):
            heard += len(report)
            progress(Progress(**json.loads(report)))
        if is_over:
            return
        if should_stop():
            (folder / STOP).touch()
        time.sleep(LOOK_SECONDS)


def _reports(file: Path, heard: int) -> list[bytes]:
    """The whole lines after the first `heard` bytes."""
    with suppress(FileNotFoundError), file.open("rb") as lines:
        lines.seek(heard)
        return [line for line in lines if line.endswith(b"\n")]
    return []


def _end(process) -> None:
    """Wait for the ranks where they are about to leave; end them where they are not."""
    if sys.exc_info()[0] is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    process.stdin.close()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _result(folder, count) -> dict:
    try:
        said = json.loads((folder / RESULT).read_text())
    except FileNotFoundError:
        raise _lost(folder, count) from None
    if "stopped" in said:
        raise Stopped
    if "failed" in said:
        cause, hint, values = said["failed"]
        raise TrainingFailed(cause, hint, **values)
    if "errno" in said:
        raise OSError(said["errno"], said["words"])
    return said["found"]


def _lost(folder, count) -> RankLost:
    text = (folder / LOG).read_text(errors="replace")
    known = ENDED.search(text)
    which, how = (int(known[1]) + 1, known[2]) if known else ("?", "?")
    error = RankLost(f"Process {which} of {count} ended with status {how}.")
    error.add_note(text[-NOTE_CHARACTERS:])
    return error
