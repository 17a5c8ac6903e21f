"""The machine and what is installed on it."""

import importlib.metadata
import re
import shutil
import subprocess
import sys

import psutil
from django.conf import settings
from django.utils.translation import gettext as _

from lepton import embedded
from lepton.embedded import programs
from lepton.lib.machine import cores

from .finding import Finding

OLDEST_PYTHON = (3, 11)
LEAST_MEMORY_GB = 3
INSTALL = "pip install -r requirements.txt -c constraints.txt"


def python():
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_PYTHON:
        yield Finding.problem("Python", found, _("Install Python 3.11 and run `make run` again."))
    else:
        yield Finding.ok("Python", found)


def packages():
    """Compare what is installed with requirements.txt, local build labels (+cpu) aside."""
    pinned = re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==([\w.]+)$",
        (settings.BASE_DIR / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    wrong = [f"{name} {version}" for name, version in pinned if installed(name) != version]
    if wrong:
        yield Finding.problem(
            _("Packages"), _("missing or of another version: %s") % ", ".join(wrong), INSTALL
        )
    else:
        yield Finding.ok(_("Packages"), _("%d as pinned") % len(pinned))


def installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def server_programs():
    """The programs of the servers that Lepton is to start itself."""
    for name in embedded.wanted():
        finders = {"postgres": programs.postgres_package, "redis": programs.redis_server}
        try:
            yield Finding.ok(_("Program %s") % name, finders[name]())
        except embedded.EmbeddedError as problem:
            yield Finding.problem(_("Program %s") % name, _("not found"), problem)


def processor():
    memory_gb = psutil.virtual_memory().total / 1e9
    found = _("%(cores)d cores, %(memory).1f GB memory, %(threads)d threads for a run") % {
        "cores": cores(),
        "memory": memory_gb,
        "threads": settings.LEPTON_THREADS,
    }
    if memory_gb < LEAST_MEMORY_GB:
        mend = _("Training ResNet-50 needs about 3 GB; choose smaller networks or add memory.")
        yield Finding.warning(_("Machine"), found, mend)
    else:
        yield Finding.ok(_("Machine"), found)


def torch():
    """Which build of torch, told without importing it, and whether it fits the machine."""
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return  # named among the packages
    gpu = gpu_name()
    if gpu and version.endswith("+cpu"):
        mend = _("pip install torch==%s from an index with CUDA builds.") % version[:-4]
        found = _("%(version)s cannot use %(gpu)s") % {"version": version, "gpu": gpu}
        yield Finding.warning("torch", found, mend)
    else:
        yield Finding.ok("torch", f"{version}, {gpu or _('no GPU: runs use the CPU')}")


def gpu_name() -> str:
    if not (tool := shutil.which("nvidia-smi")):
        return ""
    question = [tool, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(question, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ", ".join(done.stdout.split("\n")).strip(", ") if done.returncode == 0 else ""


CHECKS = (python, packages, server_programs, processor, torch)
