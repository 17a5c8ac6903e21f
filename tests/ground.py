"""A pytest plugin loaded before Django's settings: the tests' own home, PostgreSQL and Redis."""

import os
import secrets
import tempfile
from pathlib import Path

IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not IS_XDIST_WORKER:  # never the home that is set: it is deleted in the end
    os.environ["LEPTON_HOME"] = tempfile.mkdtemp(prefix="lepton-tests-")
os.environ.setdefault("LEPTON_SECRET_KEY", secrets.token_urlsafe(50))
os.environ.setdefault("LEPTON_EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")

from lepton import embedded  # noqa: E402

HOME = Path(os.environ["LEPTON_HOME"])


def pytest_configure(config):
    embedded.start_postgres(HOME)
    embedded.start_redis(HOME)


def pytest_unconfigure(config):
    if not IS_XDIST_WORKER:
        embedded.reset(HOME)
