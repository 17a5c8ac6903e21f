"""The inference process is stopped, killed and cut off from its database."""

import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import psycopg
import pytest

from accounts.scoping import tenant_scope
from serving import services
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import REPOSITORY, Process, settled

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def answering(own_inference, acme, alice, castings, version_of, key):
    """A process that answers for castings, and how to ask it."""
    with tenant_scope(acme):
        deployment = services.deploy(castings, model_version=version_of(), by=alice)
    assert settled(own_inference, acme, deployment).state == "live"
    url = f"{own_inference.url}/v1/endpoints/acme/castings/predict"

    def ask(client=httpx):
        headers = {"Authorization": f"Bearer {key}"}
        return client.post(url, content=models.picture(), headers=headers, timeout=30)

    return own_inference, ask


def test_every_answered_prediction_is_logged_after_a_drain(answering, acme):
    process, ask = answering
    ids, stop = set(), threading.Event()

    def keep_asking():
        with httpx.Client() as client:
            while not stop.is_set():
                try:
                    response = ask(client)
                except httpx.TransportError:  # the socket is ours: nobody accepts after the end
                    return
                if response.status_code == 200:
                    ids.add(response.json()["prediction_id"])

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    process.until(lambda: len(ids) > 50)
    process.kill(signal.SIGTERM)
    stop.set()
    process.listener.close()
    for thread in threads:
        thread.join(10)
    with tenant_scope(acme):
        logged = {str(pk) for pk in Prediction.objects.values_list("pk", flat=True)}
    assert ids <= logged
    assert len(ids) > 50


def test_after_a_kill_the_next_process_answers_who_waited_at_the_socket(answering):
    process, ask = answering
    assert ask().status_code == 200
    process.kill(signal.SIGKILL)
    replies = []
    waiting = threading.Thread(target=lambda: replies.append(ask()))
    waiting.start()  # the listening socket is held by its parent: nobody is refused
    began = time.monotonic()
    process.start()
    process.until(lambda: ask().status_code == 200)
    waiting.join(30)
    print(f"answers again after {time.monotonic() - began:.1f} s")
    assert replies[0].status_code in (200, 503)
    assert replies[0].status_code == 200 or replies[0].headers["retry-after"]


def test_when_one_of_two_processes_on_a_socket_is_killed_the_other_goes_on(
    answering, free_tcp_port
):
    process, ask = answering
    twin = Process(process.environment, process.listener).start("--own-port", str(free_tcp_port))
    own = f"http://127.0.0.1:{free_tcp_port}"
    twin.until(lambda: httpx.get(f"{own}/readyz").status_code == 200)
    process.kill(signal.SIGKILL)
    assert {ask().status_code for _ in range(10)} == {200}
    assert 'lepton_inference_answers_total{status="200"} 1' in httpx.get(f"{own}/metrics").text
    assert twin.kill(signal.SIGTERM) in (0, -signal.SIGTERM)


def test_a_process_that_starts_beside_another_answers_nobody_before_its_models_are_loaded(
    answering, free_tcp_port, server_environment
):
    process, ask = answering
    twin = Process(process.environment, process.listener)
    with psycopg.connect(server_environment["DATABASE_OWNER_URL"]) as owner:
        before = owner.execute("SELECT array_agg(pid) FROM pg_stat_activity").fetchone()
        owner.execute("LOCK TABLE serving_deployment IN ACCESS EXCLUSIVE MODE")
        twin.start("--own-port", str(free_tcp_port))
        held_up = "SELECT FROM pg_locks WHERE NOT granted AND pid != ALL(%s)"
        twin.until(lambda: owner.execute(held_up, before).fetchone() is not None)
        replies = [ask() for _ in range(40)]  # each on a connection of its own
    assert {reply.status_code for reply in replies} == {200}, [reply.text for reply in replies]
    own = f"http://127.0.0.1:{free_tcp_port}"
    twin.until(lambda: httpx.get(f"{own}/readyz").status_code == 200)
    assert twin.kill(signal.SIGTERM) in (0, -signal.SIGTERM)


def test_a_cut_off_process_trusts_no_key_for_long_and_loses_no_prediction(answering, acme):
    process, ask = answering
    assert ask().status_code == 200
    postgres = _postgres_pid()
    children = _children(postgres)
    for pid in [postgres, *children]:
        os.kill(pid, signal.SIGSTOP)
    try:
        meanwhile = ask()  # a key just confirmed needs no database
        assert meanwhile.status_code == 200
        process.until(lambda: ask().status_code == 503, seconds=20)
        assert "checked" in ask().json()["error"]
    finally:
        for pid in [*children, postgres]:
            os.kill(pid, signal.SIGCONT)
    process.until(lambda: ask().status_code == 200, seconds=15)

    def is_logged():
        with tenant_scope(acme):
            return Prediction.objects.filter(pk=meanwhile.json()["prediction_id"]).exists()

    process.until(is_logged, seconds=5)


def test_the_inference_process_imports_no_torch_and_no_page(server_environment):
    code = (
        "import os, sys, django; django.setup(); import serving.plane, serving.runtimes.onnx;"
        "print([m for m in ('torch', 'torchvision', 'onnx', 'lepton.urls', 'serving.views')"
        " if m in sys.modules])"
    )
    environment = server_environment | {"DJANGO_SETTINGS_MODULE": "lepton.settings"}
    out = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert out.stdout.strip() == "[]", out.stdout + out.stderr


def _postgres_pid():
    from lepton import embedded
    from tests.ground import HOME

    return embedded.start_postgres(HOME).pid


def _children(pid):
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]
