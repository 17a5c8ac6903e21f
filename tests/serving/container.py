"""A bundle's Dockerfile carried out step by step without a container engine.

The base image is a new virtual environment, into which only what requirements.txt asks for is put,
from what is installed here; so nothing is fetched, and whatever is missing there is missing.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

PORT = "8080"
RELEASE = re.compile(r"python:3\.\d+-slim-[a-z]+")
EXEC_FORM = re.compile(r"CMD (\[.*\])")


def steps(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, what it says) of each line; lines that go on are one."""
    lines = dockerfile.replace("\\\n", " ").splitlines()
    named = [line for line in lines if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in named]


class Container:
    """What the steps make: a folder, an environment, and what is run in it."""

    def __init__(self, context: Path, root: Path):
        self.context, self.root = context, root
        self.folder, self.environment = root, {}
        self.user = self.command = self.health = None
        self.users: list[str] = []
        venv.create(root / "env", with_pip=True)
        self.bin = root / "env" / "bin"

    def build(self) -> "Container":
        for instruction, words in steps((self.context / "Dockerfile").read_text()):
            getattr(self, f"_{instruction.lower()}")(words)
        return self

    def start(self, port: int) -> subprocess.Popen:
        return subprocess.Popen(self._at(self.command, port), **self._place())

    def is_healthy(self, port: int) -> bool:
        """Whether its own health check says so."""
        asked = subprocess.run(self._at(self.health, port), **self._place(), capture_output=True)
        return asked.returncode == 0

    def can_import(self, module: str) -> bool:
        asked = [self.bin / "python", "-c", f"import {module}"]
        return not subprocess.run(asked, **self._place(), capture_output=True).returncode

    def files(self) -> set[Path]:
        return {path for path in self.folder.rglob("*") if path.is_file()}

    def _at(self, command, port):
        return [word.replace(PORT, str(port)) for word in command]

    def _place(self):
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return {"cwd": self.folder, "env": self.environment | {"PATH": path}}

    def _from(self, image):
        assert RELEASE.fullmatch(image), f"{image} may be another one tomorrow"

    def _workdir(self, path):
        self.folder = self.root / path.lstrip("/")
        self.folder.mkdir()

    def _env(self, words):
        self.environment |= dict(word.split("=") for word in shlex.split(words))

    def _copy(self, words):
        source, target = shlex.split(words)
        assert target == "."
        if source == ".":
            shutil.copytree(self.context, self.folder, dirs_exist_ok=True)
        else:
            shutil.copy(self.context / source, self.folder)

    def _run(self, words):
        if words.startswith("useradd "):
            self.users.append(words.split()[-1])  # nobody is added to this machine
            return
        assert words.startswith("pip install "), words
        self._offer((self.folder / "requirements.txt").read_text().split())
        offline = words.replace("pip install", "pip install --no-index", 1)
        done = subprocess.run(
            ["sh", "-c", offline], **self._place(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def _offer(self, requirements):
        """Link in what is named, as it is installed here; pip says whether that is everything."""
        here, there = (
            Path(sysconfig.get_path("purelib")),
            next(self.bin.parent.glob("lib/*/site-*")),
        )
        for one in requirements:
            files = distribution(Requirement(one).name).files
            for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
                (there / name).symlink_to(here / name)

    def _user(self, name):
        assert name in self.users, f"nobody is called {name}"
        self.user = name

    def _expose(self, port):
        assert port == PORT

    def _healthcheck(self, words):
        self.health = json.loads(EXEC_FORM.search(words)[1])

    def _cmd(self, words):
        self.command = json.loads(words)
