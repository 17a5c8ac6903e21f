"""What a benchmark of the data plane stands on: an installation, a model, an inference process."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import psutil
from PIL import Image

from benchmarks.installation import an_installation

CLIENTS, PORT = 8, 18_499


@contextmanager
def standing(backbone: str, weights: str, precision: str = "float32"):
    """One model at one inference process on one core: yields where to ask (`url`, `key`), the
    model's `folder` and the `process`."""
    with an_installation(OMP_NUM_THREADS="1") as home:
        key = one_model(home / "artifact", backbone, weights, precision)
        child = on_last_core([sys.executable, "-m", "serving.inference", "--port", str(PORT)])
        with stopped(child):
            url = f"http://127.0.0.1:{PORT}/v1/endpoints/bench/it/predict"
            wait_for_answer(url, key)
            process = psutil.Process(child.pid)
            yield SimpleNamespace(url=url, key=key, folder=home / "artifact", process=process)


@contextmanager
def stopped(child: subprocess.Popen):
    """Stop it at the end."""
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def on_last_core(command: list[str]) -> subprocess.Popen:
    """Start a server that has the last core, and leave the others to this process."""
    *others, last = sorted(range(psutil.cpu_count()))
    os.sched_setaffinity(0, [last])
    try:
        return subprocess.Popen(command)
    finally:
        os.sched_setaffinity(0, others or [last])


def one_model(folder: Path, backbone: str, weights: str, precision: str = "float32") -> str:
    """Export a model into `folder` and deploy it for the tenant `bench`; returns an API key."""
    from training.runs import files

    artifact(backbone, weights, folder, precision)
    files.store(folder, "bench")
    return deploy("bench", json.loads((folder / "meta.json").read_text()), backbone)


def wait_for_answer(url: str, key: str = "") -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    for _ in range(100):
        try:
            if httpx.post(url, content=pictures(1)[0], headers=headers).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise TimeoutError("The endpoint did not answer within half a minute.")


def pictures(count: int = 16) -> list[bytes]:
    """JPEGs of 640 by 480, about 50 kB each."""
    made, random = [], np.random.default_rng(0)
    for _ in range(count):
        small = Image.fromarray(random.integers(0, 256, (48, 64, 3)).astype(np.uint8))
        target = io.BytesIO()
        small.resize((640, 480), Image.Resampling.BICUBIC).save(target, "JPEG", quality=88)
        made.append(target.getvalue())
    return made


def artifact(backbone: str, weights: str, folder: Path, precision: str = "float32") -> None:
    """Export an untrained head on the backbone; without a folder of weights these are random."""
    export = [sys.executable, "-m", "benchmarks.serving.exported"]
    subprocess.run([*export, backbone, str(weights), str(folder), precision], check=True)


def deploy(slug: str, meta: dict, backbone: str) -> str:
    """Make a tenant with an endpoint `it` for the files under `slug`; returns an API key."""
    from accounts import services as accounts
    from accounts.models import User
    from accounts.scoping import tenant_scope
    from engagements import services as engagements
    from serving import services
    from training.models import Dataset, DatasetVersion, ModelVersion, Run

    mei = User.objects.filter(email="m@x.example").first() or User.objects.create_user(
        "m@x.example", name="Mei", staff_role="account_manager"
    )
    with tenant_scope(accounts.create_tenant(slug, name=slug, by=mei)):
        engagement = engagements.open_engagement("Bench", by=mei)
        author = {"created_by": mei, "created_by_label": "Mei"}
        dataset = Dataset.objects.create(engagement=engagement, name="none", **author)
        none = {"classes": [], "counts": {}, "seed": 0, "split_policy": "given"}
        version = DatasetVersion.objects.create(
            dataset=dataset, number=1, manifest_sha256="0" * 64, test_sha256="", **none, **author
        )
        kind = {"method": "linear_probe", "backbone": backbone}
        run = Run.objects.create(
            engagement=engagement, dataset_version=version, number=1, params={}, **kind, **author
        )
        model = ModelVersion.objects.create(
            engagement=engagement,
            run=run,
            number=1,
            classes=meta["classes"],
            storage_prefix=slug,
            meta=meta,
            size_bytes=0,
            **kind,
        )
        endpoint = services.create_endpoint(engagement, slug="it", by=mei)
        services.deploy(endpoint, model_version=model, by=mei)
        return accounts.create_key(slug, scopes=["predict"], by=mei)[1]
