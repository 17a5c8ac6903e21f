"""Calls that pages print, run as they stand."""

import os
import shutil
import subprocess
import sys

COMMANDS = {
    "curl": ["sh"],
    "Python": [sys.executable],
    "JavaScript": ["node", "--input-type=module"],
    "Java": ["sh", "-c", "cat > Predict.java && exec java Predict.java"],
    "Open Inference": [sys.executable],
    "Hugging Face": [sys.executable],
}
NEEDS = {"Java": "javac"}  # many machines have what runs Java without what reads its source


def can_run(language) -> bool:
    """Whether what it takes is installed here."""
    return bool(shutil.which(NEEDS.get(language, COMMANDS[language][0])))


def run(language, code, key, folder) -> str:
    """Run a printed call with a key, in a folder that holds image.jpg; returns what it prints."""
    done = subprocess.run(
        COMMANDS[language],
        input=code,
        env=os.environ | {"LEPTON_KEY": key},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
