"""The main job, step by step, each through the API and each skipped where its rows are there."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from accounts import services as accounts
from accounts.models import ApiKey, User
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements import services as engagements
from engagements.models import Engagement
from lepton.demo import cast, promise
from lepton.demo.client import Client
from lepton.demo.source import Source
from training.engine import backbones
from training.engine.errors import WeightsMissing

PREFERRED = ("resnet18", "resnet50")
SCOPES = ["view", "data", "run", "deploy", "predict", "feedback"]
CONFIRMED, CORRECTED = 10, 2  # test images sent: rightly and wrongly answered ones, at most


@dataclass
class Told:
    """One line of the demo's table."""

    step: str
    seconds: float
    outcome: str


@dataclass
class Play:
    """Plays the demo for one set of images; `tell` is given a line for each step."""

    source: Source
    mei: User
    tell: Callable[[Told], None]
    key: str = ""
    is_repeated: bool = False

    def run(self) -> "Play":
        self.tenant = tenant_for(self.mei, cast.ACME[0])
        self.step("Engagement", self.engagement)
        self.is_repeated = self._is_over()
        if self.is_repeated:
            return self
        self.client = Client(
            settings.LEPTON_PUBLIC_URL,
            settings.LEPTON_INFERENCE_URL,
            self.tenant.slug,
            self.step("API key", self.make_key),
        )
        self.step("Import", self.import_images)
        version = self.step("Freeze", self.freeze)
        self.step("Contract", promise.freeze_and_sign, self.tenant, self.id, self.mei)
        for method, name in _models():
            run = self.step(backbones.get(name).title, self.train, version, method, name)
            made = run["model_version"]
            self.step("Verdict", promise.judge, self.tenant, self.id, made, self.mei)
            self.step("Deploy", self.deploy, run)
        self.step("Gate", promise.try_the_gate, self.tenant, self.id, self.mei)
        self.step("Predict and correct", self.predict_and_correct)
        return self

    def step(self, name, act, *arguments):
        """Do a step, and keep how long it took and what came of it."""
        began = time.monotonic()
        result, outcome = act(*arguments)
        self.tell(Told(name, time.monotonic() - began, outcome))
        return result

    def engagement(self):
        with tenant_scope(self.tenant):
            there = Engagement.objects.filter(name=self.source.name).first()
            made = there or engagements.open_engagement(
                self.source.name, by=self.mei, summary=self.source.need
            )
            if made.requirement is None:
                engagements.write_requirement(
                    made,
                    need=self.source.need,
                    classes=self.source.classes,
                    metric="accuracy",
                    target="0.9",
                    by=self.mei,
                )
        self.id = made.pk
        verb = "there already" if there else "opened"
        return made, f"“{made.name}” {verb}, asking for an accuracy of 0.90"

    def _is_over(self) -> bool:
        """Whether an earlier demo came to the end: somebody answered a prediction."""
        with tenant_scope(self.tenant):
            engagement = Engagement.objects.get(pk=self.id)
            return engagement.endpoints.filter(predictions__feedback__isnull=False).exists()

    def make_key(self):
        alice = User.objects.get(email=cast.address("Alice", self.tenant.slug))
        name = f"Demo client, {self.source.name}"[:80]
        with tenant_scope(self.tenant):
            for old in ApiKey.objects.filter(name=name, revoked_at=None):
                accounts.revoke_key(old, by=alice)
            _row, self.key = accounts.create_key(name, scopes=SCOPES, by=alice)
        return self.key, "made for a REST client, shown once below"

    def import_images(self):
        datasets = self.client.get(f"engagements/{self.id}/datasets")["results"]
        dataset = (
            datasets[0]
            if datasets
            else self.client.post(f"engagements/{self.id}/datasets", name="Images")
        )
        self.dataset = dataset["id"]
        row = self.client.upload(
            f"datasets/{self.dataset}/imports", self.source.archive, self.source.splits
        )
        row = self.client.wait(f"imports/{row['id']}", until=_has_ended)
        _expect(row, "succeeded")
        counts = ", ".join(f"{n} {outcome}" for outcome, n in row["outcomes"].items() if n)
        return row, f"{row['files_total']} files: {counts}"

    def freeze(self):
        version = self.client.post(f"datasets/{self.dataset}/versions", seed=7)
        counts = {split: sum(n.values()) for split, n in version["counts"].items()}
        parts = ", ".join(f"{n} {split}" for split, n in counts.items())
        return version, f"dataset version {version['number']}: {parts}"

    def train(self, version, method, backbone):
        for run in self.client.get(f"engagements/{self.id}/runs")["results"]:
            if run["backbone"] == backbone and run["state"] == "succeeded":
                return run, _score(self.client, run) + " (there already)"
        run = self.client.post(
            f"engagements/{self.id}/runs",
            dataset_version=version["id"],
            method=method,
            backbone=backbone,
        )
        run = self.client.wait(f"runs/{run['id']}", until=_has_ended)
        _expect(run, "succeeded")
        return run, _score(self.client, run)

    def deploy(self, run):
        endpoints = self.client.get("endpoints")["results"]
        mine = [e for e in endpoints if e["engagement"] == str(self.id)]
        slug = self.source.name.lower().replace(" ", "-")[:50].strip("-")
        self.endpoint = (
            mine[0]["slug"]
            if mine
            else self.client.post("endpoints", engagement=str(self.id), slug=slug)["slug"]
        )
        made = self.client.post(
            f"endpoints/{self.endpoint}/deployments", model_version=run["model_version"]
        )
        rows = self.client.wait(
            f"endpoints/{self.endpoint}/deployments",
            until=lambda page: page["results"][0]["state"] != "loading",
            seconds=120,
        )
        _expect(rows["results"][0], "live")
        number = made["model_version"]["number"]
        return made, f"“{self.endpoint}” answers with model version {number}"

    def predict_and_correct(self):
        verdicts = Counter(self._answered(*sent) for sent in self._test_images())
        parts = ", ".join(f"{n} answered with “{verdict}”" for verdict, n in verdicts.items())
        return None, f"{verdicts.total()} test images sent: {parts}"

    def _answered(self, image, label) -> str:
        """Send an image and say whether the answer was right; returns the verdict given."""
        answer = self.client.predict(self.endpoint, image)
        is_right = answer["label"] == label
        said = {"verdict": "confirm"} if is_right else {"verdict": "correct", "label": label}
        self.client.post(f"predictions/{answer['prediction_id']}/feedback", **said)
        return said["verdict"]

    def _test_images(self):
        """(bytes, label) of test images the model in place got right, then of some it did not."""
        version = self.client.get(f"endpoints/{self.endpoint}")["champion"]["model_version"]["id"]
        evaluation = self.client.get(f"model-versions/{version}/evaluations")["results"][0]
        rows = self.client.get(f"evaluations/{evaluation['id']}/items?limit=500")["results"]
        right = [row for row in rows if row["answer"] == row["label"]]
        wrong = [row for row in rows if row["answer"] != row["label"]]
        return self._fetched([*right[:CONFIRMED], *wrong[:CORRECTED]])

    def _fetched(self, rows):
        return [(self.client.fetch(row["image_url"]), row["label"]) for row in rows]


def _models():
    """(method, backbone) to play: probes where pretrained weights lie, else one from scratch."""
    found = [("linear_probe", name) for name in PREFERRED if _has_weights(name)]
    return found or [("fine_tune", "lepton_small")]


def _has_weights(name) -> bool:
    try:
        backbones.find_weights(backbones.get(name), settings.LEPTON_WEIGHTS_DIR)
    except WeightsMissing:
        return False
    return True


def _score(client, run) -> str:
    figures = client.get(f"model-versions/{run['model_version']}")["test_evaluation"]
    return (
        f"accuracy {figures['accuracy']:.3f} on {figures['n']} test images"
        f" (95 % interval {figures['accuracy_low']:.3f} to {figures['accuracy_high']:.3f})"
    )


def _has_ended(row) -> bool:
    return row["state"] in ("succeeded", "failed", "cancelled")


def _expect(row, state):
    if row["state"] != state:
        raise RuntimeError(f"It {row['state']}: {row.get('cause', '')} {row.get('hint', '')}")
