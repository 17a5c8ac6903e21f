"""Health for load balancers and metrics for Prometheus, in good times and in bad."""

import pytest
from django.db import connection

from tests import world

NOWHERE = "unix:///nowhere/redis.sock"


@pytest.fixture
def broken_database(monkeypatch):
    """No cursor can be had, as when PostgreSQL is away."""
    from django.db import OperationalError

    def refuse():
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)


def test_a_living_process_says_so_without_asking_anybody(client, broken_database):
    answer = client.get("/livez")
    assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.django_db
def test_ready_means_database_and_broker_answer(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "broker": True}


def test_a_broken_database_means_not_ready(client, broken_database):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] is False


@pytest.mark.django_db
def test_a_broken_broker_means_not_ready(client, settings):
    settings.REDIS_URL = NOWHERE
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": False}


@pytest.mark.django_db
def test_metrics_count_the_rows_of_all_tenants_and_name_none(client, acme, alice):
    world.build(acme, alice)
    page = client.get("/metrics")
    assert page["Content-Type"].startswith("text/plain")
    assert 'lepton_rows{kind="run",state="succeeded"} 1.0' in page.text
    assert "lepton_database_up 1.0" in page.text
    assert "acme" not in page.text.lower()


def test_metrics_answer_while_the_database_is_away(client, broken_database):
    page = client.get("/metrics")
    assert page.status_code == 200
    assert "lepton_database_up 0.0" in page.text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_who_probes_may_call_the_process_by_its_address(client, path):
    assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.django_db
def test_nobody_else_reaches_the_site_by_another_name(client):
    assert client.get("/account/login/", headers={"Host": "10.1.2.3:8000"}).status_code == 400


@pytest.mark.django_db
def test_while_the_database_is_away_everybody_is_told_to_try_again(acme, alice, browse, request):
    browser = browse(alice)
    browser.raise_request_exception = False
    request.getfixturevalue("broken_database")
    page, answer = browser.get("/t/acme/"), browser.get("/api/v1/me")
    assert page.status_code == answer.status_code == 503
    assert page["Retry-After"] == answer["Retry-After"] == "5"
    assert "Try again in a moment" in page.text
    assert answer["Content-Type"] == "application/problem+json"
    assert "try again" in answer.json()["error"]


def test_faults_of_the_api_are_problem_documents(rf):
    from lepton import errors

    answer = errors.server_error(rf.get("/api/v1/me"))
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    page = errors.server_error(rf.get("/t/acme/"))
    assert page.status_code == 500 and "<html" in page.content.decode()
