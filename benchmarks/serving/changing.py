"""Change the model every few seconds under load, one artifact in ten corrupt; count the harm."""

import argparse
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict

from benchmarks.installation import an_installation

PORT = 18_610
SLUG = "it"
SETTLE_SECONDS = 30
ROUNDING = 1e-4  # one image alone and in a batch; 2e-5 was seen, and versions differ by far more
TURN = ("deploy", "deploy", "roll_back", "canary", "deploy", "failing_canary")


class Clients:
    """Threads that ask without a pause, and keep what they were told."""

    def __init__(self, url: str, key: str, count: int):
        self.url, self.key = url, key
        self.statuses, self.said = Counter(), defaultdict(set)
        self.unnamed, self.stopped, self.lock = 0, threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.ask) for _ in range(count)]

    def ask(self):
        import httpx

        from tests.serving import models

        image = models.picture((250, 250, 250))
        with httpx.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=30) as client:
            while not self.stopped.is_set():
                try:
                    response = client.post(self.url, content=image)
                except httpx.HTTPError as error:
                    self.note(type(error).__name__, {})
                    continue
                self.note(response.status_code, response.json())

    def note(self, status, document: dict) -> None:
        with self.lock:
            self.statuses[status] += 1
            if status != 200:
                return
            version = document.get("model_version")
            self.unnamed += version is None
            self.said[version].add(document["score"])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    @property
    def failed(self) -> int:
        return sum(n for status, n in self.statuses.items() if status != 200)


class Changer:
    """Deploys, rolls back and tries canaries in turn; every tenth artifact is corrupt."""

    def __init__(self, endpoint, by):
        self.endpoint, self.by = endpoint, by
        self.made, self.done, self.wrong = 0, Counter(), []

    def version(self, **changes):
        from tests.serving import models

        self.made += 1
        is_corrupt = self.made % 10 == 0
        if is_corrupt:
            changes = {"seed": 10_000 + self.made, "stored": b"corrupt"}
        changes = changes or {"seed": self.made}
        return models.model_version(self.endpoint.engagement, by=self.by, **changes), is_corrupt

    def turn(self, number: int) -> None:
        what = TURN[number % len(TURN)]
        getattr(self, what)()
        self.done[what] += 1

    def deploy(self):
        from serving import services

        with scope(self.endpoint):
            version, is_corrupt = self.version()
            row = services.deploy(self.endpoint, model_version=version, by=self.by)
        self.expect(row, "failed" if is_corrupt else "live")
        self.done["corrupt refused"] += is_corrupt

    def roll_back(self):
        from serving import services

        with scope(self.endpoint):
            row = services.roll_back(self.endpoint, by=self.by)
        self.expect(row, "live")

    def canary(self):
        """A good one, by two steps to the champion."""
        from serving import challengers

        with scope(self.endpoint):
            version, is_corrupt = self.version()
        for percent in (20, 50):
            row = self.challenge(version, percent, least_agreement_percent=0)
            self.expect(row, "failed" if is_corrupt else "live")
            if is_corrupt:
                self.done["corrupt refused"] += 1
                return
            time.sleep(0.5)
        with scope(self.endpoint):
            row = challengers.promote(row, by=self.by)
        self.expect(row, "live")

    def failing_canary(self):
        """One whose every run raises: its guard takes it away. Inputs are not kept here, or the
        rehearsal would have refused it."""
        from tests.serving import models

        with scope(self.endpoint):
            version, is_corrupt = self.version(data=models.failing_graph())
        row = self.challenge(version, 50)
        self.expect(row, "failed" if is_corrupt else "rolled_back")
        self.done["corrupt refused"] += is_corrupt

    def challenge(self, version, percent, **guards):
        from serving import challengers

        with scope(self.endpoint):
            how = {"variant": "canary", "share_percent": percent}
            return challengers.challenge(
                self.endpoint, model_version=version, by=self.by, **how, **guards
            )

    def expect(self, row, state: str) -> None:
        """Wait until it came to that."""
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            with scope(self.endpoint):
                row.refresh_from_db()
            if row.state == state:
                return
            time.sleep(0.05)
        self.wrong.append(f"{type(row).__name__} {row.number}: {row.state}, not {state}")


def scope(endpoint):
    from accounts.scoping import tenant_scope

    return tenant_scope(endpoint.tenant_id)


def endpoint_and_key():
    """A tenant with an endpoint whose version 1 is being loaded."""
    from accounts import services as accounts
    from accounts.models import User
    from accounts.scoping import tenant_scope
    from engagements import services as engagements
    from serving import services

    mei = User.objects.create_user("m@x.example", name="Mei", staff_role="account_manager")
    with tenant_scope(accounts.create_tenant("bench", name="Bench", by=mei)):
        engagement = engagements.open_engagement("Bench", by=mei)
        endpoint = services.create_endpoint(engagement, slug=SLUG, by=mei, keeps_inputs=False)
        _row, key = accounts.create_key("bench", scopes=["predict"], by=mei)
    return Changer(endpoint, mei), key


def measure(options) -> bool:
    changer, key = endpoint_and_key()
    command = [sys.executable, "-m", "serving.inference", "--port", str(PORT)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # failing graphs are loud
    try:
        changer.deploy()
        url = f"http://127.0.0.1:{PORT}/v1/endpoints/bench/{SLUG}/predict"
        began, turn = time.monotonic(), 0
        with Clients(url, key, options.clients) as clients:
            while time.monotonic() - began < options.seconds:
                started = time.monotonic()
                changer.turn(turn)
                turn += 1
                time.sleep(max(0, options.every - (time.monotonic() - started)))
        return report(changer, clients, time.monotonic() - began)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def report(changer: Changer, clients: Clients, seconds: float) -> bool:
    """Print what happened; returns whether nobody was harmed."""
    apart = {version: max(scores) - min(scores) for version, scores in clients.said.items()}
    mixed = [version for version, distance in apart.items() if distance > ROUNDING]
    n = sum(clients.statuses.values())
    print(f"{seconds:.0f} s, {len(clients.threads)} clients: {n:,} requests", end=", ")
    print(f"{clients.failed} failed, {clients.unnamed} without a version", end=", ")
    print(f"{len(clients.said)} versions answered, {len(mixed)} of them in two ways")
    print("statuses:", dict(clients.statuses))
    print("changes:", ", ".join(f"{n} {what}" for what, n in changer.done.items()))
    for line in changer.wrong:
        print("wrong:", line)
    return not (clients.failed or clients.unnamed or mixed or changer.wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--every", type=float, default=2, help="seconds from change to change")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    # the quota is not what is measured, and failing graphs are loud
    quiet = {"LEPTON_KEY_IMAGES_PER_SECOND": "100000", "LEPTON_LOG_LEVEL": "CRITICAL"}
    with an_installation(OMP_NUM_THREADS="1", **quiet):
        harmless = measure(options)
    sys.exit(0 if harmless else 1)


if __name__ == "__main__":
    main()
