"""The data plane reads its list of deployments when PostgreSQL says it changed, and seldom else."""

import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from django.db import connection

from accounts.scoping import tenant_scope
from serving import challengers, news, services
from serving.models import Endpoint
from serving.news import News


@pytest.fixture
def heard(transactional_db, castings):
    """News that was read once."""
    heard = News()
    heard.listen()
    assert heard.is_due
    heard.read(lambda: None)
    assert not heard.is_due
    return heard


def test_while_nothing_changes_nothing_is_read_again(heard, acme, castings):
    with tenant_scope(acme):
        assert Endpoint.objects.filter(slug="another").update(keeps_inputs=False) == 0
    heard.wait(0.2)
    heard.listen()
    assert not heard.is_due


def test_whoever_changes_an_endpoint_is_heard_once_it_is_committed(heard, acme, castings):
    with tenant_scope(acme):
        Endpoint.objects.update(keeps_inputs=False)
    began = time.monotonic()
    heard.wait(5)
    assert heard.is_due and time.monotonic() - began < 4
    heard.read(lambda: None)
    with suppress(ZeroDivisionError), tenant_scope(acme):
        Endpoint.objects.update(keeps_inputs=True)
        raise ZeroDivisionError
    heard.wait(0.2)
    assert not heard.is_due


def test_a_deployment_and_what_runs_beside_it_are_told(heard, acme, alice, castings, version_of):
    one, two = version_of(), version_of(seed=2)
    for change in (
        lambda: services.mark_live(services.deploy(castings, model_version=one, by=alice).pk),
        lambda: challengers.challenge(
            castings, model_version=two, variant="shadow", share_percent=100, by=alice
        ),
    ):
        with tenant_scope(acme):
            change()
        heard.wait(5)
        assert heard.is_due
        heard.read(lambda: None)


def test_the_end_of_an_endpoint_is_told(heard, acme, castings):
    with tenant_scope(acme):
        castings.delete()
    heard.wait(5)
    assert heard.is_due


def test_a_new_connection_has_heard_nothing_so_all_is_read(heard):
    connection.close()
    heard.listen()
    assert heard.is_due


def test_what_takes_long_to_read_is_not_read_all_the_time(heard, monkeypatch, acme, castings):
    now = SimpleNamespace(seconds=1_000.0)
    monkeypatch.setattr(news.time, "monotonic", lambda: now.seconds)

    def read_slowly():
        now.seconds += 2
        with tenant_scope(acme):
            Endpoint.objects.update(keeps_inputs=False)

    heard.read(read_slowly)
    monkeypatch.undo()
    heard.wait(5)
    monkeypatch.setattr(news.time, "monotonic", lambda: now.seconds)
    assert not heard.is_due  # it was told, and waits four times as long as it read
    now.seconds += 2 * news.PAUSE
    assert heard.is_due
    heard.read(lambda: None)
    assert not heard.is_due
    now.seconds += news.REREAD_SECONDS + 1  # in case a notice was lost
    assert heard.is_due
