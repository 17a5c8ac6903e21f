"""Answers a second of data planes on a GPU, beside a plain FastAPI and PyTorch server there.

Everything is on (key, prediction id, log, kept input). The clients are processes of their own with
a few connections each; they and the servers share the machine's cores.
"""

import argparse
import http.client
import importlib.util
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmarks.installation import an_installation
from benchmarks.serving.cpu_per_request import Cost, cost
from benchmarks.serving.stage import one_model, pictures, stopped, wait_for_answer

PORT, REFERENCE_PORT, PATH = 18_497, 18_498, "/v1/endpoints/bench/it/predict"
CONNECTIONS = 8  # of one client process at the most
BATCHES, TIMES = (1, 8, 32), 50


def alone(folder: Path, images: list[bytes]) -> None:
    """Print what the runtime does from decoded images to scores, and how fast one core decodes."""
    import numpy as np

    from serving.runtimes import torch as runtime
    from training.engine import artifact
    from training.engine.preprocess import evaluation_input

    weights, meta = folder / artifact.WEIGHTS, artifact.read_meta(folder)
    model = runtime.load(folder / artifact.GRAPH, meta, weights=weights)
    began = time.perf_counter()
    decoded = np.stack([evaluation_input(image) for image in images])
    decoding = len(images) / (time.perf_counter() - began)
    found = []
    for size in BATCHES:
        batch, took = np.resize(decoded, (size, *decoded.shape[1:])), []
        for _ in range(TIMES + 5):
            began = time.perf_counter()
            model.run(batch)
            took.append(time.perf_counter() - began)
        found.append(f"{size / statistics.median(took[5:]):.0f} by {size}")
    print(f"the runtime alone in {model.precision}: {', '.join(found)} images/s;", end=" ")
    print(f"one core decodes {decoding:.0f} images/s", flush=True)


def asked(server: dict, clients: int, seconds: float) -> tuple[float, Cost]:
    """Ask in a closed loop; return answers a second and what one came to."""
    count = -(-clients // CONNECTIONS)
    shares = [clients // count + (number < clients % count) for number in range(count)]
    before = _cpu(server["processes"])
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(count)
    with context.Pool(count, initializer=together.wait) as pool:
        parts = [pool.apply_async(_client, (server["ask"], n, seconds)) for n in shares]
        took = [one for part in parts for one in part.get()]
    time.sleep(0.5)  # the log and the inputs are part of the price
    return len(took) / seconds, cost((_cpu(server["processes"]) - before) / len(took), took)


def _client(ask: dict, connections: int, seconds: float) -> list[float]:
    """Return the seconds each answer took that so many connections got."""
    images, took, refused = pictures(), [], []
    until = time.monotonic() + seconds

    def keep_asking(number):
        connection = http.client.HTTPConnection("127.0.0.1", ask["port"], timeout=60)
        while time.monotonic() < until and not refused:
            since, image = time.perf_counter(), images[number % len(images)]
            connection.request("POST", ask["path"], image, ask["headers"])
            response = connection.getresponse()
            body = response.read()
            took.append(time.perf_counter() - since)
            if response.status != 200:
                refused.append(f"{response.status} {body[:200]}")
            number += 1

    threads = [threading.Thread(target=keep_asking, args=[n]) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise RuntimeError(f"A client was refused: {refused[0]}")
    return took


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@contextmanager
def planes(count: int, key: str):
    """So many inference processes at one socket: yields how to ask them."""
    command = [sys.executable, "-m", "serving.inference", "--runtime", "torch"]
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", PORT), backlog=512))
        handle, processes = listener.fileno(), []
        for number in range(1, count + 1):
            own = ["--fd", str(handle), "--own-port", str(PORT + 10 + number)]
            child = subprocess.Popen([*command, *own], pass_fds=[handle])
            stack.enter_context(stopped(child))
            wait_for_answer(f"http://127.0.0.1:{PORT + 10 + number}{PATH}", key)
            processes.append(psutil.Process(child.pid))
        headers = {"Authorization": f"Bearer {key}"}
        yield {"processes": processes, "ask": {"port": PORT, "path": PATH, "headers": headers}}


@contextmanager
def reference(backbone: str):
    """The plain server on the GPU: yields how to ask it."""
    command = [sys.executable, "-m", "benchmarks.serving.reference", "--device", "cuda"]
    child = subprocess.Popen([*command, "--backbone", backbone, "--port", str(REFERENCE_PORT)])
    with stopped(child):
        wait_for_answer(f"http://127.0.0.1:{REFERENCE_PORT}/predict")
        ask = {"port": REFERENCE_PORT, "path": "/predict", "headers": {}}
        yield {"processes": [psutil.Process(child.pid)], "ask": ask}


def measure(name: str, starting, options) -> None:
    """Print a line for each number of clients, and the GPU memory that the server took."""
    import torch  # not above: client processes import this module too

    free = torch.cuda.mem_get_info()[0]
    with starting as server:
        for clients in options.clients:
            rate, one = asked(server, clients, options.seconds)
            print(
                f"{name:<14}{clients:>8}{rate:>10.0f}{one.p50:>8.1f}{one.p99:>8.1f}{one.cpu:>8.2f}",
                flush=True,
            )
        taken = free - torch.cuda.mem_get_info()[0]
        print(f"{name}: {taken / 1e6:.0f} MB of the GPU's memory", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 48])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4], help="data planes")
    parser.add_argument("--threads", type=int, default=0, help="of a data plane; 0: by the cores")
    parser.add_argument("--seconds", type=float, default=5, help="of each line")
    options = parser.parse_args()
    if importlib.util.find_spec("fastapi") is None:
        parser.error("the reference needs: pip install -r benchmarks/requirements.txt")
    import torch

    cores = len(os.sched_getaffinity(0))
    print(f"{torch.cuda.get_device_name()}, {cores} cores, torch {torch.__version__}", flush=True)
    settings = {"OMP_NUM_THREADS": "1", "LEPTON_KEY_IMAGES_PER_SECOND": "1000000"}
    with an_installation(**settings) as home:
        key = one_model(home / "artifact", options.backbone, options.weights)
        alone(home / "artifact", pictures())
        print(
            f"{'server':<14}{'clients':>8}{'answers/s':>10}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}"
        )
        measure("reference", reference(options.backbone), options)
        for count in options.processes:
            threads = options.threads or max(2, cores // 2 // count)
            os.environ["LEPTON_INFERENCE_THREADS"] = str(threads)
            measure(f"Lepton x {count}", planes(count, key), options)


if __name__ == "__main__":
    main()
