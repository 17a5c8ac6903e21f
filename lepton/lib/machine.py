"""What this machine offers to its processes."""

import os
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")  # "<microseconds> <per microseconds>" or "max …"


def cores() -> int:
    """CPU cores this process may use: its affinity, and a container's limit below that."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        share, period = CGROUP_LIMIT.read_text().split()
        limit = int(share) / int(period)
    except (OSError, ValueError):
        limit = count or 1
    return max(1, min(count or 1, round(limit)))


def threads_each(busy: int) -> int:
    """Threads for each of `busy` processes that compute at the same time.

    More threads than cores cost several times the work: never leave it to torch's default.
    """
    return max(1, cores() // busy)


def answering_threads(processes: int) -> int:
    """Threads that run models in each of `processes` data planes: two, or one on a core alone.

    Two graphs that take turns on one core empty its caches for each other: 5 % of a ResNet-50.
    """
    return max(1, min(2, cores() // processes))
