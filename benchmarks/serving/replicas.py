"""Answers a second, and CPU milliseconds an answer, of one and of two data planes on one database.

Each replica is pinned to a core of its own. The clients take turns between the replicas, as a
load balancer would; they share the machine with them, so on two cores look at the CPU column too.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from benchmarks.installation import an_installation
from benchmarks.serving.stage import CLIENTS, one_model, pictures, wait_for_answer

ROUNDS, PORTS = 3, (18_497, 18_498)
PATH = "/v1/endpoints/bench/it/predict"


def asked(ports, processes, key: str, images: list[bytes], seconds: float) -> tuple[float, float]:
    """Ask in a closed loop; return answers a second and CPU milliseconds an answer."""
    until, answers = time.monotonic() + seconds, [0] * CLIENTS

    def ask(number):
        connection = http.client.HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=60)
        while time.monotonic() < until:
            image = images[answers[number] % len(images)]
            connection.request("POST", PATH, image, {"Authorization": f"Bearer {key}"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200, response.status
            answers[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=[number]) for number in range(CLIENTS)]
    before = _cpu(processes)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers) / seconds, (_cpu(processes) - before) * 1000 / sum(answers)


def _cpu(processes) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measure(options, home: Path) -> None:
    key, images = one_model(home / "artifact", options.backbone, options.weights), pictures()
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "serving.inference", "--port"]
    children = [subprocess.Popen([*command, str(port)]) for port in PORTS]
    try:
        replicas = [psutil.Process(child.pid) for child in children]
        for number, replica in enumerate(replicas):
            replica.cpu_affinity([cores[-1 - number % len(cores)]])
        for port in PORTS:
            wait_for_answer(f"http://127.0.0.1:{port}{PATH}", key)
        found = {1: [], 2: []}
        for _ in range(ROUNDS):
            for count, rounds in found.items():
                part = PORTS[:count], replicas[:count]
                rounds.append(asked(*part, key, images, options.seconds))
        for count, rounds in found.items():
            rate, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{count} data plane(s): {rate:.1f} answers/s, {cpu:.2f} ms of CPU an answer")
        load = os.getloadavg()[0]
        print(f"{len(cores)} cores, load {load:.1f} (with a neighbour's, rates say little)")
    finally:
        for child in children:
            child.terminate()
            child.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="mobilenet_v3_small")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--seconds", type=float, default=8, help="a round")
    options = parser.parse_args()
    # the quota is not what is measured
    quota = {"LEPTON_KEY_IMAGES_PER_SECOND": "100000"}
    with an_installation(OMP_NUM_THREADS="1", **quota) as home:
        measure(options, home)


if __name__ == "__main__":
    main()
