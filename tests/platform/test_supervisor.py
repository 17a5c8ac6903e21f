"""`manage.py up`: started in order, started anew after a crash, drained, never twice."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from lepton.supervisor import child as children
from lepton.supervisor.child import Child
from lepton.supervisor.table import Process, inference, table

REPOSITORY = Path(__file__).resolve().parents[2]


class Site:
    """A supervised site in a process of its own."""

    def __init__(self, home, port, *kinds):
        self.home, self.port = home, port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.platform.site", str(home), str(port), *kinds],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with self.process.stdout as lines:
            self.lines.extend(lines)

    def log(self):
        return "".join(self.lines)

    def says(self, pattern, times=1, seconds=20):
        assert eventually(lambda: len(re.findall(pattern, self.log())) >= times, seconds), (
            self.log()
        )
        return re.findall(pattern, self.log())

    def get(self, path="/"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as reply:
            return reply.read().decode()

    def end(self, sent=signal.SIGTERM):
        self.process.send_signal(sent)
        return self.process.wait(timeout=20)


@pytest.fixture
def site(home, free_port):
    started = []

    def start(*kinds):
        started.append(Site(home, free_port, *kinds))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def eventually(true, seconds=20):
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_processes_start_in_order_and_the_log_says_when_all_are_ready(site):
    up = site("first", "web", "worker")
    up.says(r"Lepton is ready at http://127\.0\.0\.1:\d+ \(\d")
    log = up.log()
    assert log.index("* is done") < log.index("web        | * is ready")
    assert re.search(r"^\d\d:\d\d:\d\d first      \| migrated$", log, re.MULTILINE)
    up.end()
    assert "first      | migrated" in (up.home / "log" / "lepton.log").read_text()


def test_a_crashing_process_is_started_again_with_growing_pauses(site):
    up = site("broken", "absent")
    up.says(r"broken +\| \* ended with code 3 after .* in 0 s \(failure 1")
    up.says(r"broken +\| \* ended with code 3 after .* in 0\.5 s \(failure 2")
    up.says(r"broken +\| \* ended with code 3 after .* in 1 s \(failure 3")
    up.says(r"absent +\| .*No such file")
    assert up.end() == 0


def test_pauses_stop_growing_at_half_a_minute_and_a_stable_life_forgives(monkeypatch):
    said = []
    child = Child(Process("broken", ["x"]), lambda name, line: said.append(line))
    for _ in range(10):
        child.fail("ended")
    assert "in 30 s (failure 10" in said[-1]
    monkeypatch.setattr(children, "STABLE_SECONDS", 0)
    child.process = Process("calm", [sys.executable, "-c", "print('hi')"], ready="hi")
    child.start()
    assert eventually(lambda: child.life.ready.is_set() and child.life.ended() is not None)
    child.tick(needs_ready=True)
    assert "in 0 s (failure 1" in said[-1]


def test_a_restart_of_the_web_process_refuses_no_connection(site):
    up = site("web")
    up.says("Lepton is ready")
    answers, failures, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answers.append(up.get())
            except OSError as problem:
                failures.append(problem)
            time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    before = up.get()
    os.kill(int(before), signal.SIGTERM)
    assert eventually(lambda: answers and answers[-1] != before)
    stop.set()
    asking.join()
    assert failures == []


def test_processes_may_share_a_socket_and_one_of_them_may_die(site):
    up = site("web", "twin")
    up.says("Lepton is ready")
    answered = set()
    assert eventually(lambda: answered.add(up.get()) or len(answered) == 2)
    dead = next(iter(answered))
    os.kill(int(dead), signal.SIGKILL)
    assert dead not in {up.get() for _ in range(20)}
    assert up.end() == 0


def test_several_data_planes_share_their_port_and_each_has_one_of_its_own(settings):
    settings.LEPTON_INFERENCE_PORT = 9001
    assert [one.name for one in inference(settings)] == ["inference"]
    settings.LEPTON_INFERENCE_PROCESSES = 3
    several = inference(settings)
    assert [one.name for one in several] == ["inference1", "inference2", "inference3"]
    assert {one.listen[1] for one in several} == {9001}
    assert [one.command[-2:] for one in several] == [
        ["--own-port", str(port)] for port in (9002, 9003, 9004)
    ]


def test_requests_in_flight_are_finished_when_told_to_stop(site):
    up = site("web")
    up.says("Lepton is ready")
    answers = []
    slow = threading.Thread(target=lambda: answers.append(up.get("/?wait=1")))
    slow.start()
    time.sleep(0.4)
    assert up.end(signal.SIGINT) == 0
    slow.join()
    assert len(answers) == 1
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", up.port), timeout=2)


def test_a_process_that_does_not_stop_is_killed_after_its_grace(site):
    up = site("stubborn")
    up.says("Lepton is ready")
    time.sleep(0.5)
    assert up.end() == 0
    up.says("did not stop within 0.5 s and is killed")


def test_a_second_up_on_the_same_home_says_who_runs_and_stops(site):
    first = site("web")
    first.says("Lepton is ready")
    second = site("web")
    assert second.process.wait(timeout=20) == 1
    second.says(
        rf"already runs for .*process {first.process.pid}, http://127\.0\.0\.1:{first.port}"
    )
    assert first.get()


def test_a_taken_port_is_named_with_the_setting_to_change(site):
    up = site("web")
    with socket.create_server(("127.0.0.1", 0)) as held:
        up.end(signal.SIGKILL)
        port = held.getsockname()[1]
        other = Site(up.home, port, "web")
        assert other.process.wait(timeout=20) == 1
        other.says(rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\).*LEPTON_PORT")


def test_children_die_with_a_killed_supervisor(site):
    up = site("web", "stubborn")
    up.says("Lepton is ready")
    pids = [child.pid for child in psutil.Process(up.process.pid).children()]
    assert len(pids) == 2
    up.end(signal.SIGKILL)
    assert eventually(lambda: all(gone(pid) for pid in pids), 5)


def test_what_a_killed_worker_leaves_behind_is_cleared_up(site):
    up = site("worker")
    up.says(r"\| \* is ready")
    pool = int(up.says(r"\| pool (\d+)")[0])
    worker = psutil.Process(pool).parent()
    worker.kill()
    assert eventually(lambda: gone(pool), 5)
    up.says("was ended by SIGKILL")
    up.says(r"\| \* is ready", times=2)


def test_every_queue_has_a_worker_and_what_is_quick_none_that_imports():
    routes = {task: route["queue"] for task, route in settings.CELERY_TASK_ROUTES.items()}
    assert set(routes.values()) <= {process.name for process in table(settings)}
    quick = {"feedback.tasks.watch", "engagements.tasks.wake_deliveries"}
    quick |= {"feedback.iteration.tasks.wake_data_iterations"}
    long = {"training.tasks.wake_imports", "serving.tasks.wake_bulk", "training.tasks.wake_runs"}
    assert {routes[task] for task in quick}.isdisjoint(routes[task] for task in long)
