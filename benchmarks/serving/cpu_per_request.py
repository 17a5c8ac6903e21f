"""CPU milliseconds a prediction costs the inference process, against the bare work it contains."""

import argparse
import io
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import django
import numpy as np
import psutil
from django.core.management import call_command
from PIL import Image

ROUNDS, CLIENTS = 5, 8


def pictures(count: int = 16) -> list[bytes]:
    """JPEGs of 640 by 480, about 50 kB each."""
    made, random = [], np.random.default_rng(0)
    for _ in range(count):
        small = Image.fromarray(random.integers(0, 256, (48, 64, 3)).astype(np.uint8))
        target = io.BytesIO()
        small.resize((640, 480), Image.Resampling.BICUBIC).save(target, "JPEG", quality=88)
        made.append(target.getvalue())
    return made


def artifact(backbone: str, weights: Path, folder: Path) -> None:
    """Export an untrained head on the backbone, in a process of its own: ours needs no torch."""
    code = (
        "import sys; from pathlib import Path;"
        "from training.engine import backbones, export, networks;"
        "name, weights, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]);"
        "spec = backbones.get(name);"
        "found = backbones.find_weights(spec, weights) if spec.pretrained else None;"
        "model = networks.build(spec, 2, weights=found);"
        "meta = {'classes': ['ok', 'scratch'], 'backbone': {'name': name}};"
        "kept = export.export_backbone(model, folder / 'kept.onnx');"
        "export.save(folder, model, backbone_onnx=kept, meta=meta, parity_of=lambda *_exported: {})"
    )
    subprocess.run([sys.executable, "-c", code, backbone, weights, folder], check=True)


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
    import httpx

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
    with an_installation() as home:
        measure(options, home)


@contextmanager
def an_installation():
    """An empty installation with servers of its own, removed in the end; yields its folder."""
    home = Path(tempfile.mkdtemp(prefix="lepton-bench-"))
    os.environ |= {
        "LEPTON_HOME": str(home),
        "LEPTON_SECRET_KEY": secrets.token_urlsafe(50),
        "LEPTON_LOG_LEVEL": "WARNING",
        "OMP_NUM_THREADS": "1",
    }
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")
    from lepton import embedded

    embedded.start_postgres(home)
    embedded.start_redis(home)
    try:
        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        yield home
    finally:
        embedded.reset(home)


def measure(options, home: Path) -> None:
    import httpx

    from training.runs import files

    artifact(options.backbone, Path(options.weights), home / "artifact")
    files.store(home / "artifact", "bench")
    meta = json.loads((home / "artifact" / "meta.json").read_text())
    key = deploy("bench", meta, options.backbone)
    core, port = max(os.sched_getaffinity(0)), 18_499
    command = [sys.executable, "-m", "serving.inference", "--port", str(port)]
    child = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}/v1/endpoints/bench/it/predict"
    try:
        images, process = pictures(), psutil.Process(child.pid)
        process.cpu_affinity([core])
        headers = {"Authorization": f"Bearer {key}"}
        for _ in range(100):
            try:
                if httpx.post(url, content=images[0], headers=headers).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.3)
        began, idle = time.monotonic(), sum(process.cpu_times()[:2])
        time.sleep(3)
        idle = (sum(process.cpu_times()[:2]) - idle) / (time.monotonic() - began)
        rounds = []
        for _ in range(ROUNDS):
            plain = bare(home / "artifact", images, options.requests)
            rounds.append((plain, served(process, url, key, images, options.requests)))
        report(options.backbone, rounds, idle, process)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def report(backbone, rounds, idle, process) -> None:
    plain, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(whole / plain for plain, whole in rounds)
    print(f"{backbone}: bare {plain:.2f} ms, served {whole:.2f} ms of CPU, ratio {ratio:.3f}")
    print("rounds:", "  ".join(f"{plain:.1f}/{whole:.1f}" for plain, whole in rounds))
    memory = process.memory_info().rss / 1e6
    print(f"idle: {idle * 1000:.1f} ms of CPU a second; memory {memory:.0f} MB")


if __name__ == "__main__":
    main()
