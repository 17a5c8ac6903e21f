"""The web process borrows its database connections from a pool, however many requests come."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection

from lepton.web_database import POOL
from tests import factories
from tests.faults.web import Web
from tests.faults.workers import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow]
REQUESTS, AT_ONCE = 300, 8


@pytest.fixture
def web(transactional_db, surroundings, tmp_path):
    web = Web(surroundings, tmp_path / "web.log").start()
    wait_for(web.answers, 60)
    yield web
    web.close()


def test_hundreds_of_requests_leave_no_connection_behind(web, acme, alice, browse):
    page = f"/t/acme/e/{factories.engagement(acme, alice).pk}/"
    signed_in = {name: cookie.value for name, cookie in browse(alice).cookies.items()}
    before = open_connections()
    with httpx.Client(base_url=web.url, cookies=signed_in, timeout=60) as client:

        def ask(_number):
            return client.get(page).status_code

        with ThreadPoolExecutor(AT_ONCE) as clients:
            statuses = Counter(clients.map(ask, range(REQUESTS)))
    assert statuses == {200: REQUESTS}
    assert open_connections() - before <= POOL["max_size"]


def open_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]
