"""A database per test process, and the four people of the demo."""

import os
import secrets

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from lepton import embedded
from tests.browser.chromium import pytest_terminal_summary  # noqa: F401, says what was left out
from tests.ground import HOME, SWEEPER


class ByFile(LoadScopeScheduling):
    """The tests of a file run in one process, and all the browser's in one, with one site."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if file.startswith("tests/browser/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


@pytest.fixture(scope="session")
def database_name() -> str:
    return f"lepton_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def django_db_setup(database_name, django_db_blocker):
    """A database of this process, made and migrated by the owner, used by the app login."""
    from django.core.management import call_command
    from django.db import connections

    admin_url = embedded.database_url(HOME, "owner")
    with psycopg.connect(admin_url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database_name)))
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database_name
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
    yield
    for alias in ("default", "owner"):
        connections[alias].close()
    with psycopg.connect(admin_url, autocommit=True) as owner:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database_name))
        owner.execute(drop)


@pytest.fixture(scope="session")
def server_environment(database_name) -> dict[str, str]:
    """The environment in which another process meets this process's database and broker."""
    urls = {role: embedded.database_url(HOME, role) for role in ("app", "owner")}
    with_name = {role: _named(url, database_name) for role, url in urls.items()}
    return os.environ | {
        "DATABASE_URL": with_name["app"],
        "DATABASE_OWNER_URL": with_name["owner"],
        "REDIS_URL": embedded.redis_url(HOME),
    }


def _named(url: str, name: str) -> str:
    head, _slash, tail = url.rpartition("/")
    _old, mark, query = tail.partition("?")
    return f"{head}/{name}{mark}{query}"


@pytest.fixture(scope="session", autouse=True)
def _sweeper_empties_tables(database_name):
    """Tests that commit leave rows, which policies and triggers keep from everybody else."""
    from django.test import TransactionTestCase

    from serving.news import CHANNEL

    url = _named(embedded.database_url(HOME, "owner"), database_name)
    url = url.replace("lepton_owner", SWEEPER)
    TransactionTestCase._fixture_teardown = lambda self: _delete_all(url, telling=CHANNEL)


def _delete_all(url: str, *, telling: str) -> None:
    """Empty every table: a hundredth of what it takes to truncate them, which makes files anew.

    No trigger sees it, so whoever listens at the channel `telling` is told here.
    """
    with psycopg.connect(url) as sweeper:
        names = sweeper.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('django_migrations', 'django_content_type')"
        ).fetchall()
        sweeper.execute("SET LOCAL session_replication_role = replica")  # no trigger, no reference
        for (name,) in names:
            sweeper.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        sweeper.execute(sql.SQL("NOTIFY {}").format(sql.Identifier(telling)))


@pytest.fixture(autouse=True)
def _storage_of_its_own(settings, tmp_path):
    """Every test has an empty storage of its own."""
    options = {"location": tmp_path / "storage", "allow_overwrite": True}
    backend = "lepton.lib.storage.LocalStorage"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": options}}
    settings.LEPTON_CACHE_DIR = tmp_path / "cache"


@pytest.fixture(autouse=True)
def _passwords_are_quick(settings):
    """A slow hash protects people; here it would only make every test wait for it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def mei(db):
    """The vendor's account manager."""
    from tests import factories

    return factories.staff("Mei", "account_manager")


@pytest.fixture
def acme(mei):
    """Alice's and Bob's tenant."""
    from accounts import services

    return services.create_tenant("acme", name="Acme Castings", by=mei)


@pytest.fixture
def alice(acme):
    """An owner at Acme."""
    from tests import factories

    return factories.member(acme, "Alice", "owner")


@pytest.fixture
def bob(acme):
    """A viewer at Acme."""
    from tests import factories

    return factories.member(acme, "Bob", "viewer")


@pytest.fixture
def carol(mei):
    """An owner of another tenant, Globex: a stranger at Acme."""
    from accounts import services
    from tests import factories

    return factories.member(
        services.create_tenant("globex", name="Globex Health", by=mei), "Carol", "owner"
    )


@pytest.fixture
def in_acme(acme):
    """The test runs inside Acme's scope."""
    from accounts.scoping import tenant_scope

    with tenant_scope(acme):
        yield acme


@pytest.fixture
def browse():
    """Give a test client signed in as a person: `browse(alice).get(...)`."""
    from django.test import Client

    def signed_in(user=None):
        client = Client()
        if user:
            client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def bucket(monkeypatch, settings):
    """An empty bucket on an S3 server of its own, which the default storage uses as by setting."""
    import boto3
    from moto.server import ThreadedMotoServer

    from lepton.settings import s3_storage

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    made = boto3.resource("s3", endpoint_url=endpoint).create_bucket(
        Bucket=f"lepton-{secrets.token_hex(4)}"
    )
    settings.STORAGES = settings.STORAGES | {"default": s3_storage(made.name, endpoint)}
    monkeypatch.setenv("LEPTON_S3_BUCKET", made.name)  # for processes that a test starts
    monkeypatch.setenv("LEPTON_S3_ENDPOINT_URL", endpoint)
    yield made
    server.stop()
