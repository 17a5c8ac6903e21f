"""A broker that hangs, as one stopped by SIGSTOP, must not hang a page."""

import contextlib
import os
import signal
import time

import pytest
from celery import current_app
from django.urls import reverse

from accounts.scoping import tenant_scope
from lepton import embedded
from lepton.lib import broker_health
from lepton.lib.wake import wake
from tests.training import made_of
from training.models import Run
from training.tasks import wake_runs

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
LONGEST_SECONDS = 1.5


@pytest.fixture
def frozen_redis(own_redis, settings):
    """This process publishes to a broker of its own, which then no longer answers."""
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": {"hosts": [own_redis.url]}}}
    before = current_app.conf.broker_write_url
    current_app.conf.broker_write_url = f"redis+socket://{own_redis.url[7:]}"
    os.kill(own_redis.pid, signal.SIGSTOP)
    yield own_redis
    with contextlib.suppress(ProcessLookupError):
        os.kill(own_redis.pid, signal.SIGCONT)
    current_app.conf.broker_write_url = before
    broker_health.forget()


def test_a_frozen_broker_does_not_hang_the_page_that_starts_a_run(
    browse, alice, acme, engagement, frozen_redis
):
    with tenant_scope(acme):
        version = made_of.dataset_version(engagement, alice)
    url = reverse("training:start_run", args=["acme", engagement.pk])
    asked = {"dataset_version": version.pk, "method": "fine_tune", "backbone": "lepton_small"}
    client, took = browse(alice), []
    client.get(url)
    for _time in range(2):
        began = time.monotonic()
        assert client.post(url, asked).status_code == 302
        took.append(time.monotonic() - began)
    assert took[0] < LONGEST_SECONDS
    assert took[1] < LONGEST_SECONDS / 2  # who has just met silence does not ask again
    with tenant_scope(acme):
        assert Run.objects.filter(state="queued").count() == 2
    assert embedded.running(frozen_redis.home)


@pytest.mark.parametrize("way", ["frozen", "gone"])
def test_a_wake_up_gives_up_soon_and_says_so(frozen_redis, way):
    if way == "gone":
        frozen_redis.kill()
    began = time.monotonic()
    assert wake(wake_runs) is False
    assert time.monotonic() - began < LONGEST_SECONDS
