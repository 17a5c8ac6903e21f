"""Two hundred tenants with a probe each on one backbone: what they cost beside a single one."""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import httpx
import numpy as np
import psutil

from benchmarks.installation import an_installation
from benchmarks.serving.stage import CLIENTS, artifact, deploy, pictures

PORT, ROUNDS = 18_498, 3
NOISY = 20  # times the quiet tenant's share
ADDRESS = f"http://127.0.0.1:{PORT}"


class Tenants:
    """Deploys probes with heads of their own; `keys` by slug."""

    def __init__(self, folder: Path, backbone: str):
        self.folder, self.backbone, self.keys = folder, backbone, {}
        self.meta = json.loads((folder / "meta.json").read_text())

    def add(self, slug: str) -> None:
        from training.engine import artifact as files
        from training.runs.files import store

        weight, bias, _backbone = files.read_head(self.folder / files.HEAD)
        weight = np.random.default_rng(len(self.keys)).normal(size=weight.shape)
        backbone = self.folder / files.BACKBONE
        files.write_head(self.folder, weight.astype(np.float32) * 0.05, bias, backbone=backbone)
        meta = files.write_meta(self.folder, self.meta)
        if self.keys:  # all but the first need no graph of their own
            _store_head(self.folder / files.HEAD, slug)
        else:
            store(self.folder, slug)
        self.keys[slug] = deploy(slug, meta, self.backbone)

    def url(self, slug: str) -> str:
        return f"{ADDRESS}/v1/endpoints/{slug}/it/predict"


def _store_head(file: Path, slug: str) -> None:
    from lepton.lib import storage

    storage.put(f"{slug}/{file.name}", file.read_bytes())


def figure(name: str) -> float:
    lines = httpx.get(f"{ADDRESS}/metrics", timeout=30).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def wait_until_all_answer(tenants: Tenants) -> None:
    for slug, key in tenants.keys.items():
        for _ in range(600):
            try:
                bearer = {"Authorization": f"Bearer {key}"}
                place = f"{ADDRESS}/v1/endpoints/{slug}/it"
                if httpx.get(place, headers=bearer, timeout=30).json().get("ready"):
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.2)


class Clients:
    """Closed loops: each sends its next request when the last is answered."""

    def __init__(self, tenants: Tenants, images: list[bytes]):
        self.tenants, self.images = tenants, images

    def ask(self, client: httpx.Client, slug: str, number: int) -> float:
        """The milliseconds until the answer."""
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.tenants.keys[slug]}"}
        data = self.images[number % len(self.images)]
        client.post(self.tenants.url(slug), content=data, headers=headers).raise_for_status()
        return (time.perf_counter() - began) * 1000

    def together(self, slugs: list[str], requests: int, clients: int = CLIENTS) -> None:
        """Send so many requests to the tenants in turn, by several clients at once."""
        numbers = count()

        def work():
            with httpx.Client(timeout=120) as client:
                while (number := next(numbers)) < requests:
                    self.ask(client, slugs[number % len(slugs)], number)

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def beside(self, others: int, requests: int) -> list[float]:
        """A quiet tenant's milliseconds, one request after another, while so many clients of
        another tenant never pause."""
        stop = threading.Event()

        def work():
            with httpx.Client(timeout=120) as client:
                for number in count():
                    if stop.is_set():
                        return
                    self.ask(client, "t2", number)

        threads = [threading.Thread(target=work) for _ in range(others)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        try:
            with httpx.Client(timeout=120) as client:
                return [self.ask(client, "t1", number) for number in range(requests)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def cpu_ms(process: psutil.Process, requests: int, work) -> float:
    """CPU milliseconds of the inference process for one of the requests that `work` sends."""
    before = sum(process.cpu_times()[:2])
    work()
    time.sleep(0.5)  # the log and the inputs are part of the price
    return (sum(process.cpu_times()[:2]) - before) * 1000 / requests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--requests", type=int, default=80, help="a round")
    options = parser.parse_args()
    with an_installation(OMP_NUM_THREADS="1") as home:
        artifact(options.backbone, options.weights, home / "artifact")
        tenants = Tenants(home / "artifact", options.backbone)
        tenants.add("t0")
        command = [sys.executable, "-m", "serving.inference", "--port", str(PORT)]
        child = subprocess.Popen(command)
        try:
            measure(options, tenants, psutil.Process(child.pid))
        finally:
            child.terminate()
            child.wait(20)


def measure(options, tenants: Tenants, process: psutil.Process) -> None:
    clients, n = Clients(tenants, pictures()), options.requests
    wait_until_all_answer(tenants)
    clients.together(["t0"], n)
    alone_mb = process.memory_info().rss / 1e6
    for number in range(1, options.tenants):
        tenants.add(f"t{number}")
    wait_until_all_answer(tenants)
    everybody = list(tenants.keys)
    clients.together(everybody, max(n, len(everybody)))
    all_mb, graphs = process.memory_info().rss / 1e6, figure("lepton_inference_models")
    print(f"{options.backbone}, {len(everybody)} tenants, {graphs:.0f} graph(s) in memory")
    print(f"memory: one {alone_mb:.0f} MB, all {all_mb:.0f} MB, ratio {all_mb / alone_mb:.3f}")
    rounds = []
    for _ in range(ROUNDS):
        one = cpu_ms(process, n, lambda: clients.together(["t0"], n))
        rounds.append((one, cpu_ms(process, n, lambda: clients.together(everybody, n))))
    one, mixed = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(one / mixed for one, mixed in rounds)
    print(f"CPU a request: one {one:.1f} ms, mixed {mixed:.1f} ms, throughput ratio {ratio:.3f}")
    report_fairness(clients, n)


def report_fairness(clients: Clients, requests: int) -> None:
    rounds = []
    for _ in range(ROUNDS):
        equal = p95(clients.beside(1, requests))
        rounds.append((equal, p95(clients.beside(NOISY, requests))))
    equal, noisy = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(noisy / equal for equal, noisy in rounds)
    words = f"beside an equal {equal:.0f} ms, beside one who sends {NOISY} times as much"
    print(f"p95 of a quiet tenant: {words} {noisy:.0f} ms, ratio {ratio:.2f}")


def p95(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=20)[-1]


if __name__ == "__main__":
    main()
