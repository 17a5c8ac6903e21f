"""Time an ONNX graph and print it as JSON: `python -m training.engine.timing FILE --images 30`.

Torch-free, as serving is. One image at a time on one CPU thread; decoding is not part of it.
"""

import argparse
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from training.engine import graph, preprocess

WARM_UP = 3
ANSWERS = 20  # timed for a latency


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--images", type=int, default=30)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(measure(options.onnx, options.images)) + "\n")
    return 0


def measure(onnx: Path, images: int, output: str = "features") -> dict:
    """Return median and 95th percentile of milliseconds an image, and the bytes of memory that
    opening and running the graph added at most to this process."""
    bare = peak_memory()
    session = graph.open_session(onnx, threads=1)
    side, rng, times = preprocess.CROP, np.random.default_rng(0), []
    for _number in range(WARM_UP + images):
        pixels = rng.integers(0, 256, (1, side, side, 3), dtype=np.uint8)
        began = time.perf_counter()
        graph.run(session, pixels, output)
        times.append((time.perf_counter() - began) * 1000)
    taken = times[WARM_UP:]
    return {
        "runtime": f"ONNX Runtime {version('onnxruntime')}",
        "memory_bytes": peak_memory() - bare,
        "latency_ms": float(np.median(taken)),
        "latency_p95_ms": float(np.percentile(taken, 95)),
    }


def latency_ms(onnx: Path) -> float:
    """Return the median milliseconds in which a classifier's graph answers one image."""
    return measure(onnx, ANSWERS, "probabilities")["latency_ms"]


def peak_memory() -> int:
    """Return the most bytes of memory that this process has held.

    From Linux's own account of it: getrusage counts in what the parent held before the start.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("This system does not say how much memory a process has held.")


if __name__ == "__main__":
    raise SystemExit(main())
