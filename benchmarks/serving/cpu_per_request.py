"""CPU milliseconds a prediction costs the inference process, against the bare work it contains
and against a plain FastAPI and PyTorch server (`reference.py`), by turns on the same core.

In the end, how much longer the slowest take while somebody else trains on the other cores."""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

from benchmarks.serving.stage import on_last_core, pictures, standing, stopped, wait_for_answer

ROUNDS, REFERENCE_PORT = 5, 18_498
ROUND_SECONDS, AT_LEAST = 2.5, 64  # of bare work a round; what idling costs is shared by many
BESIDE_CLIENTS, NEIGHBOUR_SECONDS = 8, 8.0  # until it has loaded its libraries


class Cost(NamedTuple):
    """What requests came to: CPU milliseconds each, and milliseconds on the clock."""

    cpu: float
    p50: float
    p99: float


@contextmanager
def on_core_of(process: psutil.Process):
    """This thread runs where the servers do, who have nothing to do meanwhile."""
    others = os.sched_getaffinity(0)
    os.sched_setaffinity(0, process.cpu_affinity())
    yield
    os.sched_setaffinity(0, others)


def bare(folder: Path, images: list[bytes], count: int) -> Cost:
    """The cost of decoding and running one image, one thread."""
    from serving.runtimes import onnx
    from training.engine.preprocess import evaluation_input

    runtime, took = onnx.load(folder / "model.onnx", {}), []
    runtime.run(evaluation_input(images[0])[None])
    began = time.process_time()
    for number in range(count):
        since = time.perf_counter()
        runtime.run(evaluation_input(images[number % len(images)])[None])
        took.append(time.perf_counter() - since)
    return cost((time.process_time() - began) / count, took)


def enough(place, images: list[bytes], clients: int) -> int:
    """Requests for a round: the same number for each of so many clients."""
    with on_core_of(place.process):
        once = bare(place.folder, images, AT_LEAST).cpu / 1000
    return round(max(AT_LEAST, ROUND_SECONDS / once) / clients) * clients


def served(process: psutil.Process, ask: dict, images: list[bytes], count: int, clients: int):
    """The cost to a server of one answered request, with so many clients at once."""
    took = []

    def ask_on(share):
        with httpx.Client(headers=ask["headers"], timeout=60) as client:
            for number in range(share):
                since = time.perf_counter()
                answer = client.post(ask["url"], content=images[number % len(images)])
                answer.raise_for_status()
                took.append(time.perf_counter() - since)

    threads = [threading.Thread(target=ask_on, args=[count // clients]) for _ in range(clients)]
    before = sum(process.cpu_times()[:2])
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.5)  # the log and the inputs are part of the price
    return cost((sum(process.cpu_times()[:2]) - before) / len(took), took)


def cost(cpu_seconds: float, took: list[float]) -> Cost:
    ordered = sorted(took)
    p99 = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    return Cost(cpu_seconds * 1000, statistics.median(ordered) * 1000, p99 * 1000)


@contextmanager
def reference(backbone: str):
    """The plain server on the same core: yields (process, how to ask it)."""
    command = [sys.executable, "-m", "benchmarks.serving.reference", "--backbone", backbone]
    child = on_last_core([*command, "--port", str(REFERENCE_PORT)])
    with stopped(child):
        url = f"http://127.0.0.1:{REFERENCE_PORT}/predict"
        wait_for_answer(url)
        yield psutil.Process(child.pid), {"url": url, "headers": {}}


def measure(options, place) -> None:
    images, rounds = pictures(), []
    ours = (place.process, {"url": place.url, "headers": {"Authorization": f"Bearer {place.key}"}})
    print(f"idle: {idle(place.process):.1f} ms of CPU a second")
    count = options.requests or enough(place, images, max(options.clients))
    with reference(options.backbone) as theirs:
        for _ in range(ROUNDS):
            with on_core_of(place.process):
                found = {"bare": bare(place.folder, images, count)}
            for clients in options.clients:
                for name, (process, ask) in {"Lepton": ours, "reference": theirs}.items():
                    found[name, clients] = served(process, ask, images, count, clients)
            rounds.append(found)
        with neighbour(place.process):
            beside = served(*ours, images, count, BESIDE_CLIENTS)
        memory = {"Lepton": ours[0], "reference": theirs[0]}
        sizes = ", ".join(f"{name} {memory[name].memory_info().rss / 1e6:.0f}" for name in memory)
        print(f"memory, MB: {sizes}")
    report(options, rounds)
    print(f"{BESIDE_CLIENTS} clients beside a training: p50 {beside.p50:.1f} ms", end=", ")
    print(f"p99 {beside.p99:.1f} ms, {beside.p99 / beside.p50:.2f} times as long")


@contextmanager
def neighbour(process: psutil.Process):
    """A training on the cores that the server has not."""
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.serving.neighbour"])
    with stopped(child):
        time.sleep(NEIGHBOUR_SECONDS)
        yield


def idle(process: psutil.Process) -> float:
    """CPU milliseconds a second that nobody asked for."""
    began, before = time.monotonic(), sum(process.cpu_times()[:2])
    time.sleep(3)
    return (sum(process.cpu_times()[:2]) - before) * 1000 / (time.monotonic() - began)


def report(options, rounds: list[dict]) -> None:
    """Medians of the rounds; ratios are taken within each round."""

    def median(of) -> float:
        return statistics.median(of(found) for found in rounds)

    plain = median(lambda found: found["bare"].cpu), median(lambda found: found["bare"].p50)
    print(f"{options.backbone}: bare {plain[0]:.2f} ms of CPU, p50 {plain[1]:.2f} ms")
    print(
        f"{'clients':>8}{'Lepton':>9}{'/ bare':>8}{'reference':>11}{'/ Lepton':>10}{'p50':>9}",
        end="",
    )
    print(f"{'/ bare':>8}{'p99':>9}{'reference p50':>15}")
    for n in options.clients:
        cpu = median(lambda found, n=n: found["Lepton", n].cpu)
        to_bare = median(lambda found, n=n: found["Lepton", n].cpu / found["bare"].cpu)
        theirs = median(lambda found, n=n: found["reference", n].cpu)
        ahead = median(lambda found, n=n: found["reference", n].cpu / found["Lepton", n].cpu)
        p50 = median(lambda found, n=n: found["Lepton", n].p50)
        slower = median(lambda found, n=n: found["Lepton", n].p50 / found["bare"].p50)
        p99 = median(lambda found, n=n: found["Lepton", n].p99)
        their_p50 = median(lambda found, n=n: found["reference", n].p50)
        print(f"{n:8}{cpu:9.2f}{to_bare:8.3f}{theirs:11.2f}{ahead:10.2f}{p50:9.1f}", end="")
        print(f"{slower:8.3f}{p99:9.1f}{their_p50:15.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--precision", choices=["float32", "int8"], default="float32")
    parser.add_argument("--requests", type=int, help="a round; by default 2.5 s of bare work")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    options = parser.parse_args()
    if importlib.util.find_spec("fastapi") is None:
        parser.error("the reference needs: pip install -r benchmarks/requirements.txt")
    with standing(options.backbone, options.weights, options.precision) as place:
        measure(options, place)


if __name__ == "__main__":
    main()
