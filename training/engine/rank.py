"""One rank of a training that torchrun started: joins the others, and tells the starter."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from training.engine import device
from training.engine.errors import Stopped, TrainingFailed
from training.engine.progress import Progress
from training.engine.ranks import Together
from training.engine.torchrun import PROGRESS, RESULT, STOP

PATIENCE = timedelta(days=1)  # the first rank evaluates meanwhile; a run that hangs is ended above


class Rank:
    """What a rank trains with: the others, its device, and the starter's ear."""

    def __init__(self, folder: Path):
        self.folder, self.device = folder, _device()
        backend = "cpu:gloo,cuda:nccl" if self.device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
        self.ranks = Together()

    @property
    def listeners(self) -> dict:
        """The two callbacks every long step takes."""
        return {"progress": self._report, "should_stop": (self.folder / STOP).exists}

    def _report(self, progress: Progress) -> None:
        if self.ranks.leads:
            with (self.folder / PROGRESS).open("a") as file:
                file.write(json.dumps(asdict(progress)) + "\n")

    def said(self, **how) -> None:
        """Say how it ended; the first rank's word counts."""
        if self.ranks.leads:
            partial = self.folder / f"{RESULT}.partial"
            partial.write_text(json.dumps(how))
            partial.replace(self.folder / RESULT)


def take_part(folder: Path, train: Callable[[Rank], dict]) -> None:
    """Be a rank: have `train` do the work and return what it found, as plain data."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    device.limit_threads()
    rank = Rank(folder)
    try:
        rank.said(found=train(rank))
    except Stopped:
        rank.said(stopped=True)
    except TrainingFailed as failure:
        words = failure.cause_template, failure.hint_template, failure.values
        rank.said(failed=words)
    except OSError as error:
        rank.said(errno=error.errno, words=str(error))
        raise
    dist.destroy_process_group()


def _device() -> torch.device:
    """The GPU of this rank's number, or the CPU."""
    if device.choose().type != "cuda":
        return torch.device("cpu")
    mine = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(mine)
    return torch.device("cuda", mine)


def _end_with_starter() -> None:
    """Nothing is ever written to our standard input; it ends when the starter is gone."""
    os.read(0, 1)
    os._exit(os.EX_SOFTWARE)
