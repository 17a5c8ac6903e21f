"""An installation that a benchmark has for itself."""

import os
import secrets
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path


def outside() -> dict[str, str]:
    """The environment without what a real installation is known by, so that none is touched."""
    ours = ("LEPTON_", "DATABASE_", "REDIS_", "AWS_")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)}


@contextmanager
def an_installation(**settings: str):
    """An empty installation with servers of its own, removed in the end; yields its folder.

    Django is set up and the database migrated; `settings` are environment variables. What else is
    in the environment of Lepton's is left out, so that nothing of a real installation is touched.
    """
    home = Path(tempfile.mkdtemp(prefix="lepton-bench-"))
    home.chmod(0o755)  # the database's own user looks in
    for name in os.environ.keys() - outside().keys():
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "lepton.settings",
        "LEPTON_HOME": str(home),
        "LEPTON_SECRET_KEY": secrets.token_urlsafe(50),
        "LEPTON_ALLOWED_HOSTS": "testserver,127.0.0.1",
        "LEPTON_LOG_LEVEL": "WARNING",
        **settings,
    }
    from lepton import embedded

    embedded.start_postgres(home)
    embedded.start_redis(home)
    try:
        import django
        from django.core.management import call_command

        warnings.filterwarnings("ignore", "No directory at")  # the site was never collected here
        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        yield home
    finally:
        embedded.reset(home)


def analyse():
    """What autovacuum does within minutes of a load, at once."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
