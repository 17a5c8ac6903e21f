"""What a run uses: processor time of its worker and the time it held a GPU, over all attempts.

Processor time is that of the worker's process, all its threads together, and of the processes it
started, once they ended; a worker carries out one run at a time. A GPU counts by the wall clock
from when the run took it until the attempt ended.
"""

import resource
import time


class Spent:
    """Counts one attempt, on top of what earlier attempts of the run used."""

    def __init__(self, run):
        self.cpu_before, self.gpu_before = run.cpu_seconds or 0.0, run.gpu_seconds or 0.0
        self.cpu_began, self.gpu_began, self.gpus = processor_seconds(), 0.0, 0

    def takes_gpus(self, count: int) -> None:
        """From now on the attempt holds so many GPUs."""
        self.gpu_began, self.gpus = time.monotonic(), count

    @property
    def fields(self) -> dict:
        """What the row says now."""
        held = (time.monotonic() - self.gpu_began) * self.gpus if self.gpus else 0.0
        cpu = processor_seconds() - self.cpu_began
        return {"cpu_seconds": self.cpu_before + cpu, "gpu_seconds": self.gpu_before + held}


def processor_seconds() -> float:
    """What this process and its children that ended have used."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime
