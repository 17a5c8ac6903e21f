"""A pytest plugin loaded before Django's settings: the tests' own home, PostgreSQL and Redis.

Whatever installation the environment names is left alone: the tests delete their home at the end.
"""

import os
import secrets
import tempfile
from pathlib import Path

import pytest

IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not IS_XDIST_WORKER:
    for name in [name for name in os.environ if name.startswith("LEPTON_")]:
        del os.environ[name]
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["LEPTON_HOME"] = tempfile.mkdtemp(prefix="lepton-tests-")
    os.environ["LEPTON_SECRET_KEY"] = secrets.token_urlsafe(50)
    os.environ["LEPTON_EMAIL_BACKEND"] = "django.core.mail.backends.locmem.EmailBackend"
    os.environ["DJANGO_SETTINGS_MODULE"] = "lepton.settings"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # but for tests/gpu, see there

from lepton import embedded  # noqa: E402 - it may read what was set above
from lepton.embedded import postgres  # noqa: E402

HOME = Path(os.environ["LEPTON_HOME"])
SWEEPER = "sweeper"  # a login that may empty all tables between tests; no other home has it


def pytest_configure(config):
    with pytest.MonkeyPatch.context() as here:
        roles = f"{postgres.ROLES}CREATE ROLE {SWEEPER} SUPERUSER LOGIN\n"
        here.setattr(postgres, "ROLES", roles)
        here.setattr(postgres, "LOGINS", postgres.LOGINS | {SWEEPER: SWEEPER})
        embedded.start_postgres(HOME)
    embedded.start_redis(HOME)


def pytest_unconfigure(config):
    if not IS_XDIST_WORKER:
        embedded.reset(HOME)
