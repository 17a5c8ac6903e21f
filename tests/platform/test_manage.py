"""`manage.py` says what it does while it does it, into a file or a pipe as on a screen."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENDS_BEFORE_ITS_BUFFER_IS_WRITTEN = """
import os, sys
import manage
sys.argv = ["manage.py", "version"]
manage.main()
os._exit(0)
"""


def test_a_line_is_read_while_the_command_still_runs():
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", ENDS_BEFORE_ITS_BUFFER_IS_WRITTEN]
    done = subprocess.run(command, cwd=REPOSITORY, env=plain, stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip()
