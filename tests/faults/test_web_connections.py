"""The web process needs few connections to the database, however many requests come and how."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection

from accounts.scoping import tenant_scope
from lepton.concurrency import AT_ONCE
from tests.faults.relay import Relay
from tests.faults.web import Web
from tests.faults.workers import wait_for
from tests.training import imports
from tests.training.zips import picture, zipped
from training.datasets import versions
from training.models import Dataset

pytestmark = [pytest.mark.faults, pytest.mark.slow]
REQUESTS, CLIENTS = 300, AT_ONCE + 20
FEW = 5  # of those that just answered
RECEIVED_AT_ONCE = 4096  # bytes a slow reader's socket takes: what is sent piles up at the server


@pytest.fixture
def web(transactional_db, surroundings, tmp_path):
    web = Web(surroundings, tmp_path / "web.log").start()
    wait_for(web.answers, 60)
    yield web
    web.close()


@pytest.fixture
def signed_in(alice, browse):
    return {name: cookie.value for name, cookie in browse(alice).cookies.items()}


@pytest.fixture
def page(engagement):
    return f"/t/acme/e/{engagement.pk}/"


@pytest.fixture
def large_file(acme, alice, engagement, page, surroundings):
    """Where a dataset version is downloaded that is more than a connection's buffers hold."""
    files = {
        f"{label}/{n}.png": picture(100 * place + n, size=(720, 720))
        for place, label in enumerate(["ok", "scratch"])
        for n in range(5)
    }
    imports.run(acme, engagement, alice, zipped(files))
    with tenant_scope(acme):
        version = versions.freeze_version(Dataset.objects.get(), by=alice)
    return f"{page}data/versions/{version.pk}/export/zip/"


def test_hundreds_of_requests_leave_no_connection_behind(web, page, signed_in):
    before = open_connections()
    with httpx.Client(base_url=web.url, cookies=signed_in, timeout=60) as client:

        def ask(_number):
            return client.get(page).status_code

        with ThreadPoolExecutor(CLIENTS) as clients:
            statuses = Counter(clients.map(ask, range(REQUESTS)))
    assert statuses == {200: REQUESTS}
    assert open_connections() - before <= AT_ONCE


def test_who_reads_slowly_keeps_no_connection_from_the_others(web, page, signed_in, large_file):
    before = open_connections()
    with ExitStack() as readers:
        for _reader in range(AT_ONCE + 5):
            reader = readers.enter_context(closing(asking(web, large_file, signed_in)))
            assert reader.recv(64).startswith(b"HTTP/1.1 200")
        assert httpx.get(web.url + page, cookies=signed_in, timeout=60).status_code == 200
        wait_for(lambda: open_connections() - before <= FEW, 10)


def test_who_goes_away_leaves_no_connection_behind(web, page, signed_in, large_file):
    for _number in range(AT_ONCE):
        asking(web, page, signed_in).close()
        with closing(asking(web, large_file, signed_in)) as reader:
            assert reader.recv(64).startswith(b"HTTP/1.1 200")
    assert httpx.get(web.url + page, cookies=signed_in, timeout=60).status_code == 200


def test_a_database_that_was_away_is_used_again_at_once(
    transactional_db, surroundings, tmp_path, page, signed_in
):
    with TemporaryDirectory(prefix="lepton-") as short, ExitStack() as ended:
        relay = Relay(surroundings["DATABASE_URL"], Path(short))
        ended.callback(relay.cut)
        web = Web(surroundings | {"DATABASE_URL": relay.url}, tmp_path / "web.log").start()
        ended.callback(web.close)
        wait_for(web.answers, 60)

        def ask():
            return httpx.get(web.url + page, cookies=signed_in, timeout=60)

        assert ask().status_code == 200
        relay.cut()
        refused = ask()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "Try again in a moment" in refused.text
        relay.mend()
        assert ask().status_code == 200


def asking(web, path, cookies) -> socket.socket:
    """Ask for what is at `path` and read nothing."""
    where = urlsplit(web.url)
    reader = socket.socket()
    reader.settimeout(60)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_AT_ONCE)
    reader.connect((where.hostname, where.port))
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    head = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {sent}\r\n\r\n"
    reader.sendall(head.encode())
    return reader


def open_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]
