"""Five times what it can do is asked of the data plane: how much is still answered, and how fast
is the rest refused?

The capacity is measured first, by eight clients that each wait for their answer. Then requests
arrive at random (a Poisson process, so nobody waits for anybody), each worth waiting for
`--deadline` seconds.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections import Counter

import uvloop

from benchmarks.serving.client import Client
from benchmarks.serving.stage import CLIENTS, pictures, standing


async def capacity(client: Client, images, seconds: float) -> float:
    """Return answers a second when eight clients ask one request after the other."""
    until, answered = time.monotonic() + seconds, 0

    async def ask():
        nonlocal answered
        while time.monotonic() < until:
            status = await client.post(random.choice(images))
            answered += status == 200

    await asyncio.gather(*(ask() for _ in range(CLIENTS)))
    return answered / seconds


async def storm(client: Client, images, rate: float, seconds: float):
    """Send `rate` requests a second on average; return (status, seconds it took) of each, and how
    many seconds late each was sent: what the generator itself could not keep up with."""
    answers, tasks, late = [], [], []

    async def ask():
        began = time.perf_counter()
        status = await client.post(random.choice(images))
        answers.append((status, time.perf_counter() - began))

    due, until = time.monotonic(), time.monotonic() + seconds
    while due < until:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        late.append(time.monotonic() - due)
        tasks.append(asyncio.create_task(ask()))
        due += random.expovariate(rate)
    await asyncio.gather(*tasks)
    return answers, late


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def report(alone: float, answers, late, seconds: float, deadline: float) -> None:
    good = [took for status, took in answers if status == 200 and took <= deadline]
    refused = [took for status, took in answers if status in (429, 503)]
    statuses = dict(sorted(Counter(status for status, _took in answers).items()))
    goodput = len(good) / (seconds + statistics.fmean(good or [0]))
    print(f"capacity {alone:.1f}/s; sent {len(answers) / seconds:.1f}/s for {seconds:.0f} s")
    print(f"goodput {goodput:.1f}/s, {goodput / alone:.2f} of the capacity; statuses {statuses}")
    p50, p99 = (quantile(good, share) * 1000 for share in (0.5, 0.99))
    print(f"answered in time: p50 {p50:.0f} ms, p99 {p99:.0f} ms (deadline {deadline * 1000:.0f})")
    p50, p99 = (quantile(refused, share) * 1000 for share in (0.5, 0.99))
    print(f"refused: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"the generator was late by {quantile(late, 0.99) * 1000:.1f} ms (p99)")


async def measure(url: str, key: str, options) -> None:
    images, headers = pictures(), {"Authorization": f"Bearer {key}"}
    alone = await capacity(Client(url, headers), images, options.seconds / 2)
    hurried = Client(url, headers | {"X-Request-Timeout": str(options.deadline)})
    answers, late = await storm(hurried, images, alone * options.times, options.seconds)
    report(alone, answers, late, options.seconds, options.deadline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--times", type=float, default=5, help="the capacity")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--deadline", type=float, default=1, help="seconds")
    options = parser.parse_args()
    random.seed(0)
    with standing(options.backbone, options.weights) as place:
        uvloop.run(measure(place.url, place.key, options))


if __name__ == "__main__":
    main()
