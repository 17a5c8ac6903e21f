"""What a run uses: processor time of its worker and the time it held a GPU, over all attempts.

Processor time is that of the worker's process, all its threads together; a worker carries out one
run at a time. A GPU counts by the wall clock from when the run took it until the attempt ended.
"""

import time


class Spent:
    """Counts one attempt, on top of what earlier attempts of the run used."""

    def __init__(self, run):
        self.cpu_before, self.gpu_before = run.cpu_seconds or 0.0, run.gpu_seconds or 0.0
        self.cpu_began, self.gpu_began, self.gpus = time.process_time(), 0.0, 0

    def takes_gpus(self, count: int) -> None:
        """From now on the attempt holds so many GPUs."""
        self.gpu_began, self.gpus = time.monotonic(), count

    @property
    def fields(self) -> dict:
        """What the row says now."""
        held = (time.monotonic() - self.gpu_began) * self.gpus if self.gpus else 0.0
        cpu = time.process_time() - self.cpu_began
        return {"cpu_seconds": self.cpu_before + cpu, "gpu_seconds": self.gpu_before + held}
