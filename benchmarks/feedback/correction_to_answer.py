"""Seconds from the last accepted correction to the new model version answering on the endpoint.

A real installation of its own: imported pictures of which some of one class carry a wrong label, a
linear probe on them, an endpoint, the policy “automatic”. The wrong ones are asked and corrected
through the API, many right ones confirmed, so that accuracy in use starts nothing; alerts are off
for the same reason. The last correction is the one that is timed.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import datetime
from pathlib import Path

import httpx
import numpy as np

from benchmarks.installation import outside
from lepton.demo import archives, surfaces
from lepton.demo.client import Client, Person

ROOT = Path(__file__).resolve().parents[2]
PORTS = {"LEPTON_PORT": "18690", "LEPTON_INFERENCE_PORT": "18691"}
SITE, INFERENCE = (f"http://127.0.0.1:{port}" for port in PORTS.values())
WRONG, CALLED, CONFIRMED = "scratch", "dent", 3
SETUP = """
import json, django; django.setup()
from django.conf import settings
from accounts import services
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements import services as engagements
from lepton.demo import cast, surfaces
mei, password = cast.assemble(settings.LEPTON_HOME)
acme = tenant_for(mei, "acme")
with tenant_scope(acme):
    one = engagements.open_with_requirement("Plates", by=mei, requirement={
        "need": "Find faults.", "classes": list(surfaces.CLASSES), "metric": "accuracy",
        "target": "0.9"})
    scopes = ["view", "predict", "feedback"]
    key = services.create_key("bench", scopes=scopes, by=cast.person("Alice", "acme"))[1]
print(json.dumps({"password": password, "engagement": str(one.pk), "key": key}))
"""


def main():
    """Play it once, and print where the time went."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--weights", type=Path, required=True, help="torchvision's files")
    arguments.add_argument("--images", type=int, default=1000)
    arguments.add_argument("--wrong", type=int, default=60, help="labels that are wrong at first")
    arguments.add_argument("--backbone", default="resnet18")
    wanted = arguments.parse_args()
    home = Path(tempfile.mkdtemp(prefix="lepton-bench-", dir="/tmp"))
    home.chmod(0o755)
    environment = outside() | PORTS | {"LEPTON_HOME": str(home)}
    environment["LEPTON_WEIGHTS_DIR"] = str(wanted.weights.resolve())
    site = _start(
        environment,
        "manage.py",
        "up",
        stdout=(home / "up.txt").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        _until_ready(site)
        setup = _start(environment, "-c", SETUP, stdout=subprocess.PIPE)
        facts = json.loads(setup.communicate(timeout=120)[0])
        _told(Played(wanted, facts).play())
    finally:
        site.send_signal(signal.SIGTERM)
        site.wait(60)
        _start(environment, "-m", "lepton.embedded", "reset", str(home), "--force").wait(60)
        shutil.rmtree(home, ignore_errors=True)


class Played:
    """The whole story of one installation."""

    def __init__(self, wanted, facts):
        self.wanted, self.path = wanted, f"engagements/{facts['engagement']}"
        self.engagement = facts["engagement"]
        people = (("alice", "acme"), ("ravi", "vendor"))
        self.alice, self.ravi = (
            Person(SITE, "acme", f"{name}@{place}.example", facts["password"])
            for name, place in people
        )
        self.program = Client(SITE, INFERENCE, "acme", facts["key"])
        self.wrong, self.right = [], []

    def play(self) -> dict:
        self.trained()
        self.corrected()
        return self.timed()

    def trained(self):
        """Import with wrong labels, freeze, train the champion, deploy it."""
        dataset = self.alice.post(f"{self.path}/datasets", name="Images")["id"]
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            self.wrong, self.right = _zip(Path(file.name), self.wanted)
            row = self.alice.upload(f"datasets/{dataset}/imports", Path(file.name))
        self.alice.wait(f"imports/{row['id']}", until=_ended)
        why = {"duplicates_waiver": "Bare plates of one maker look alike."}
        version = self.ravi.post(f"datasets/{dataset}/versions", **why)["id"]
        settings = {"method": "linear_probe", "backbone": self.wanted.backbone}
        run = self.ravi.post(f"{self.path}/runs", dataset_version=version, **settings)
        run = self.ravi.wait(f"runs/{run['id']}", until=_ended)
        self.ravi.post("endpoints", engagement=self.engagement, slug="plates")
        self.ravi.post("endpoints/plates/deployments", model_version=run["model_version"])
        self.ravi.wait("endpoints/plates", until=lambda row: row["champion"])

    def corrected(self):
        """Ask about every wrongly labelled picture and correct all but the last one."""
        for rule in self.ravi.rows(f"{self.path}/alert-rules"):
            self.ravi.patch(f"{self.path}/alert-rules/{rule['id']}", is_active=False)
        said = [self.program.predict("plates", data) for data in self.right]
        self.asked = [self.program.predict("plates", data) for data in self.wrong]
        time.sleep(1)
        for one in said:
            path = f"predictions/{one['prediction_id']}/feedback"
            self.program.post(path, verdict="confirm")
        self.asked = [one for one in self.asked if one["label"] != WRONG]
        for one in self.asked[:-1]:
            self._correct(one, self.program)
            self._correct(one, self.alice)  # a second opinion, where one is asked for
        stand = self.alice.get(f"{self.path}/data-iterations/stand")
        policy = {"mode": "automatic", "least_corrections": stand["corrections"] + 1}
        policy |= {"cooldown_hours": 0, "margin": "0.200"}
        self.alice.patch(f"{self.path}/iteration-policy", **policy)
        time.sleep(5)  # whatever the policy woke is over

    def timed(self) -> dict:
        """Correct the last one, and ask until another model version answers."""
        last, began = self.asked[-1], time.time()
        self._correct(last, self.program)
        self._correct(last, self.alice)
        while (answer := self.program.predict("plates", self.wrong[0]))["model_version"] == 1:
            if time.time() - began > 300:
                break
            time.sleep(0.05)
        took = time.time() - began
        (row,) = self.alice.rows(f"{self.path}/data-iterations")
        row = self.alice.get(f"data-iterations/{row['id']}")
        run = self.alice.get(f"runs/{row['run']}") if row["run"] else {}
        live = self.alice.get("endpoints/plates/deployments")["results"][0]["live_at"]
        return {
            "load average": f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
            "corrections": len(self.asked),
            "answers": answer["model_version"],
            "started by": row["trigger_words"],
            "verdict": row["verdict"],
            "seconds": took,
            "started": _since(began, row["created_at"]),
            "version frozen, run queued": _since(began, run.get("created_at")),
            "run ended": _since(began, run.get("finished_at")),
            "promoted": _since(began, row["promoted_at"]),
            "live": _since(began, live),
        }

    def _correct(self, one, by):
        said = {"verdict": "correct", "label": WRONG}
        by.post(f"predictions/{one['prediction_id']}/feedback", **said)


def _zip(path, wanted) -> tuple[list[bytes], list[bytes]]:
    """Pictures of all classes, a fifth to test; some of a class's train pictures in the wrong
    folder. Returns these, and CONFIRMED times as many of the first class, rightly labelled."""
    each, wrong, right = wanted.images // len(surfaces.CLASSES), [], []
    with zipfile.ZipFile(path, "w") as archive:
        for number, label in enumerate(surfaces.CLASSES):
            for index in range(each):
                random = np.random.default_rng([3, number, index])
                data = archives.jpeg(surfaces.picture(label, random), random)
                split, called = ("test" if index < each // 5 else "train"), label
                if label == WRONG and split == "train" and len(wrong) < wanted.wrong:
                    wrong.append(data)
                    called = CALLED
                elif number == 0 and len(right) < CONFIRMED * wanted.wrong:
                    right.append(data)
                archive.writestr(f"{split}/{called}/{label}_{index:04}.jpg", data)
    return wrong, right


def _told(found):
    for name, value in found.items():
        print(f"{name:28} {value:.2f} s" if isinstance(value, float) else f"{name:28} {value}")


def _since(began, moment) -> float | None:
    return moment and datetime.fromisoformat(moment).timestamp() - began


def _ended(row) -> bool:
    return row["state"] in ("succeeded", "failed", "cancelled")


def _start(environment, *words, **options):
    return subprocess.Popen([sys.executable, *words], env=environment, cwd=ROOT, **options)


def _until_ready(site):
    for _second in range(180):
        try:
            if all(httpx.get(f"{url}/livez").status_code == 200 for url in (SITE, INFERENCE)):
                return
        except httpx.TransportError:
            pass
        if site.poll() is not None:
            raise RuntimeError("The site did not start.")
        time.sleep(1)
    raise RuntimeError("The site is not ready after three minutes.")


if __name__ == "__main__":
    main()
