"""A rank whose work fails as its folder is called: python -m tests.engine.failing FOLDER."""

import errno
import sys
from pathlib import Path

from training.engine.errors import TrainingFailed
from training.engine.rank import Rank, take_part


def work(rank: Rank) -> dict:
    rank.ranks.wait()
    if rank.folder.name == "failed":
        raise TrainingFailed("In epoch %(epoch)d it failed.", "Try again.", epoch=3)
    if rank.ranks.leads:
        raise OSError(errno.ENOSPC, "No space left on device")
    rank.ranks.wait()
    return {}


if __name__ == "__main__":
    take_part(Path(sys.argv[1]), work)
