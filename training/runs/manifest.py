"""A run's manifest: everything that has to be the same for its figures to come out again."""

import os
import platform
import subprocess
import tomllib
from functools import cache
from importlib import metadata

from django.conf import settings

LIBRARIES = ("torch", "torchvision", "onnxruntime", "onnx", "numpy", "pillow", "simplejpeg")
LIBRARIES += ("optuna",)


def begun(run) -> dict:
    """What is known when a run starts."""
    version = run.dataset_version
    return {
        "dataset_version": {
            "id": str(version.pk),
            "number": version.number,
            "manifest_sha256": version.manifest_sha256,
        },
        "method": run.method,
        "backbone": run.backbone,
        "params": run.params,
        "seed": run.params.get("seed"),
        "code_revision": code_revision(),
        "libraries": libraries(),
    }


def completed(manifest: dict, meta: dict) -> dict:
    """The manifest with what the training found: weights, device, hashes of what it made."""
    files = {name: facts["sha256"] for name, facts in meta.get("files", {}).items()}
    found = {"weights": meta.get("weights"), "device": meta.get("device"), "files": files}
    return manifest | found | {"preprocessing": meta.get("preprocessing")}


@cache
def libraries() -> dict:
    """Versions of Python and of the libraries that decide the numbers."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def code_revision() -> str:
    """LEPTON_REVISION, else git's name of the checkout ("-dirty" when changed), else the package's
    version, else nothing."""
    if given := os.environ.get("LEPTON_REVISION"):
        return given
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match", "v*"]
    try:
        asked = subprocess.run(
            command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return _package_version()
    return asked.stdout.strip()


def _package_version() -> str:
    """What the project's own file says; a checkout without git, such as an image, has it."""
    try:
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return ""
    return f"{project['name']} {project['version']}"
