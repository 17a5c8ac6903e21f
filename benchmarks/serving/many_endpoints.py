"""Ten thousand endpoints at one data plane: its start, its memory, what following them costs while
nothing happens, and how soon a deployment to one of them answers."""

import argparse
import copy
import json
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import psutil

from benchmarks.installation import an_installation, analyse
from benchmarks.serving.many_tenants import figure
from benchmarks.serving.stage import artifact, deploy, pictures, stopped

PORT, TENANTS, IDLE_SECONDS = 18_498, 10, 60
ADDRESS = f"http://127.0.0.1:{PORT}"


def endpoints(folder: Path, backbone: str, count: int) -> str:
    """Make `count` of them, each with a model that has answered before, all alike; returns the
    first tenant's API key."""
    from training.runs.files import store

    meta, keys = json.loads((folder / "meta.json").read_text()), []
    for number in range(TENANTS):
        slug = f"tenant-{number}"
        store(folder, slug)
        keys.append(deploy(slug, meta, backbone))
        _multiply(slug, count // TENANTS - 1)
    analyse()
    return keys[0]


def _multiply(slug: str, times: int) -> None:
    from accounts import system
    from accounts.models import User
    from accounts.scoping import tenant_scope
    from serving.models import Deployment

    with tenant_scope(system.tenant_for(User.objects.get(), slug)):
        Deployment.objects.update(state=Deployment.State.LIVE)
        deployment = Deployment.objects.select_related("endpoint__engagement").get()
        endpoint = deployment.endpoint
        engagements = [_another(endpoint.engagement, name=f"Bench {n}") for n in range(times)]
        made = [
            _another(endpoint, engagement=one, slug=f"it-{n}") for n, one in enumerate(engagements)
        ]
        deployments = [_another(deployment, endpoint=one) for one in made]
        for rows in (engagements, made, deployments):
            type(rows[0]).objects.bulk_create(rows, batch_size=500)


def _another(row, **changes):
    """A new row like this one, not saved yet."""
    other = copy.copy(row)
    other._state = copy.copy(row._state)
    other._state.adding, other.pk = True, uuid.uuid4()
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def seconds_until(condition) -> float:
    began = time.monotonic()
    while time.monotonic() < began + 600:
        try:
            if condition():
                return time.monotonic() - began
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise TimeoutError("waited for ten minutes in vain")


def answers_by(version: int, key: str):
    """A condition: the first endpoint is answered by this model version."""
    url, bearer = f"{ADDRESS}/v1/endpoints/tenant-0/it/predict", {"Authorization": f"Bearer {key}"}
    image = pictures(1)[0]

    def is_so() -> bool:
        answer = httpx.post(url, content=image, headers=bearer, timeout=60)
        return answer.status_code == 200 and answer.json()["model_version"] == version

    return is_so


def deploy_another() -> None:
    """A second model version, of the same files, goes to the first endpoint."""
    from accounts import system
    from accounts.models import User
    from accounts.scoping import tenant_scope
    from serving import services
    from serving.models import Endpoint
    from training.models import ModelVersion

    mei = User.objects.get()
    with tenant_scope(system.tenant_for(mei, "tenant-0")):
        first = ModelVersion.objects.select_related("run").get()
        run = _another(first.run, number=2)
        run.save()
        version = _another(first, run=run, number=2)
        version.save()
        services.deploy(Endpoint.objects.get(slug="it"), model_version=version, by=mei)


def measure(key: str) -> None:
    child = subprocess.Popen([sys.executable, "-m", "serving.inference", "--port", str(PORT)])
    with stopped(child):
        process = psutil.Process(child.pid)
        took = seconds_until(lambda: httpx.get(f"{ADDRESS}/readyz", timeout=60).is_success)
        print(f"{figure('lepton_inference_endpoints'):.0f} endpoints, ready after {took:.1f} s")
        print(f"memory {process.memory_info().rss / 1e6:.0f} MB")
        time.sleep(5)
        before = sum(process.cpu_times()[:2])
        time.sleep(IDLE_SECONDS)
        idle = (sum(process.cpu_times()[:2]) - before) * 1000 / IDLE_SECONDS
        print(f"idle: {idle:.1f} ms of CPU a second")
        for version in (1, 2):
            if version == 2:
                deploy_another()
            took = seconds_until(answers_by(version, key))
            print(f"version {version} answers after {took:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--weights", default="", help="a folder; without, weights are random")
    parser.add_argument("--endpoints", type=int, default=10_000)
    options = parser.parse_args()
    with an_installation(OMP_NUM_THREADS="1") as home:
        artifact(options.backbone, options.weights, home / "artifact")
        measure(endpoints(home / "artifact", options.backbone, options.endpoints))


if __name__ == "__main__":
    main()
