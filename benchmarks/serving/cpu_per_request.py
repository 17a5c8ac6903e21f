"""CPU milliseconds a prediction costs the inference process, against the bare work it contains."""

import argparse
import statistics
import threading
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.serving.stage import CLIENTS, pictures, standing

ROUNDS = 5


def bare(folder: Path, images: list[bytes], count: int) -> float:
    """CPU milliseconds of decoding and running one image, one thread."""
    from serving.runtimes import onnx
    from training.engine.preprocess import evaluation_input

    runtime = onnx.load(folder / "model.onnx", {})
    runtime.run(evaluation_input(images[0])[None])
    began = time.process_time()
    for number in range(count):
        runtime.run(evaluation_input(images[number % len(images)])[None])
    return (time.process_time() - began) * 1000 / count


def served(process: psutil.Process, url: str, key: str, images: list[bytes], count: int) -> float:
    """CPU milliseconds of the inference process for one answered request."""

    def ask(share):
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            for number in range(share):
                answer = client.post(url, content=images[number % len(images)])
                answer.raise_for_status()

    threads = [threading.Thread(target=ask, args=[count // CLIENTS]) for _ in range(CLIENTS)]
    before = sum(process.cpu_times()[:2])
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.5)  # the log and the inputs are part of the price
    return (sum(process.cpu_times()[:2]) - before) * 1000 / (count // CLIENTS * CLIENTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--weights", default=".")
    parser.add_argument("--requests", type=int, default=80, help="a round")
    options = parser.parse_args()
    with standing(options.backbone, options.weights) as place:
        measure(options, place)


def measure(options, place) -> None:
    images, process = pictures(), place.process
    began, idle = time.monotonic(), sum(process.cpu_times()[:2])
    time.sleep(3)
    idle = (sum(process.cpu_times()[:2]) - idle) / (time.monotonic() - began)
    rounds = []
    for _ in range(ROUNDS):
        plain = bare(place.folder, images, options.requests)
        rounds.append((plain, served(process, place.url, place.key, images, options.requests)))
    report(options.backbone, rounds, idle, process)


def report(backbone, rounds, idle, process) -> None:
    plain, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(whole / plain for plain, whole in rounds)
    print(f"{backbone}: bare {plain:.2f} ms, served {whole:.2f} ms of CPU, ratio {ratio:.3f}")
    print("rounds:", "  ".join(f"{plain:.1f}/{whole:.1f}" for plain, whole in rounds))
    memory = process.memory_info().rss / 1e6
    print(f"idle: {idle * 1000:.1f} ms of CPU a second; memory {memory:.0f} MB")


if __name__ == "__main__":
    main()
