"""What backbones cost on this host: measured in processes of their own, kept as rows.

The process that asks never loads torch.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings

from training.engine import backbones
from training.models import BackboneMeasurement

IMAGES = 30
PATIENCE_SECONDS = 300


class MeasuringFailed(Exception):
    """A measuring process ended badly; the text is the end of what it said."""


def measure_all(names=None, *, images=IMAGES) -> list[BackboneMeasurement]:
    """Measure these backbones, or all of the catalogue, one after the other."""
    return [row for name in names or backbones.CATALOGUE for row in measure(name, images=images)]


def measure(name, *, images=IMAGES) -> list[BackboneMeasurement]:
    """Measure one backbone on the CPU, and on the first GPU where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder) / "backbone.onnx"
        weights, count = str(settings.LEPTON_WEIGHTS_DIR), ["--images", str(images)]
        facts = _ask("weigh", name, "--weights", weights, "--onnx", str(onnx), *count)
        timed = _ask("timing", str(onnx), *count)
    gpu = facts.pop("gpu")
    facts |= {"backbone": name, "images": images}
    rows = [BackboneMeasurement(**facts, **timed, host=host(), device="cpu")]
    if gpu:
        card = f"{host()} · {gpu.pop('name')}"[:200]
        rows.append(BackboneMeasurement(**facts, **gpu, host=card))
    return BackboneMeasurement.objects.bulk_create(rows)


def newest(device="cpu") -> dict[str, BackboneMeasurement]:
    """Return the newest measurement of each backbone on this host, by its name."""
    rows = BackboneMeasurement.objects.filter(host__startswith=host(), device=device)
    return {row.backbone: row for row in rows.order_by("backbone", "-at").distinct("backbone")}


def has_gpu() -> bool:
    """Whether a GPU was measured on this host."""
    rows = BackboneMeasurement.objects.filter(host__startswith=host())
    return rows.filter(device__startswith="cuda").exists()


@cache
def host() -> str:
    """Name this host by what a measurement depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(named, platform.processor() or platform.machine())
    return f"{processor[:120]}, {os.cpu_count()} cores, 1 thread"


def _ask(module, *arguments) -> dict:
    """Run a module of the engine with one thread and read its answer."""
    done = subprocess.run(
        [sys.executable, "-m", f"training.engine.{module}", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"OMP_NUM_THREADS": "1", "LEPTON_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise MeasuringFailed(done.stderr.strip()[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])
