"""kill -9 of worker, Redis and web at random points of the loop, from feedback to promotion.

No feedback is lost, none counts twice, nothing is promoted by half. A failure names its seed; the
same seed kills in the same order: LOOP_SEED=7 pytest …
"""

import os
import queue
import random
import secrets
import threading
import time
from collections import Counter
from itertools import count

import httpx
import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from feedback.iteration import policies, triggers
from feedback.models import DataIteration, Feedback, IterationPolicy, Receipt, Watch
from serving import services as serving
from serving.models import Deployment, DueHour, HourlyTally, Prediction
from tests import factories
from tests.faults.web import Web
from tests.faults.workers import wait_for
from tests.feedback import plant as plants
from training.models import DatasetVersion, Item, Run

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLS = ["worker", "redis", "web"] * 2
LEAST = 8  # corrections that start a data iteration
SECONDS = (0.3, 3.0)  # between two kills
PATIENCE_SECONDS = 240  # on a busy machine
WRONG = {"ok": "scratch", "scratch": "ok"}
SMALL = {"method": "fine_tune", "backbone": "lepton_small", "params": {"epochs": 1}}


class Client(threading.Thread):
    """A customer's program: says what predictions were until the site has said that it knows."""

    def __init__(self, url, key, answers: queue.Queue):
        super().__init__(daemon=True)
        self.url, self.headers = url, {"Authorization": f"Bearer {key}"}
        self.answers, self.replies = answers, Counter()

    def run(self):
        while (answer := self.answers.get()) is not None:
            self.tell(answer)
            if answer["twice"]:
                self.tell(answer)

    def tell(self, answer):
        while True:
            try:
                reply = self.post(answer)
            except httpx.TransportError:
                reply = None
            self.replies[reply.status_code if reply else 0] += 1
            if reply is not None and reply.status_code < 500:
                return
            time.sleep(0.1)

    def post(self, answer):
        said = answer["said"] | {"prediction_id": answer["id"]}
        where, body = ("feedback", said)
        if answer["in_bulk"]:
            where, body = "feedback/bulk", {"feedback": [said]}
        address = f"{self.url}/api/v1/tenants/acme/{where}"
        return httpx.post(address, json=body, headers=self.headers, timeout=10)


class Site:
    """Worker, Redis and web as processes of their own, with this test as the data plane."""

    def __init__(self, plant, web, redis, start_worker):
        self.plant, self.web, self.redis, self.start_worker = plant, web, redis, start_worker
        self.worker, self.names = start_worker("worker-0"), count(1)
        self.answers, self.sent, self.seeds = queue.Queue(), {}, count(5000)
        self.come_up()

    def come_up(self):
        """Wait until there is something to be killed: a web process that answers, a worker."""
        if not self.web.is_alive():
            self.web.start()
        wait_for(self.web.answers, PATIENCE_SECONDS)
        wait_for(lambda: " ready." in self.worker.said(), PATIENCE_SECONDS, self.worker)

    def kill(self, what):
        if what == "web":
            self.web.kill()
        elif what == "redis":
            self.redis.kill()
            self.redis.start()
        else:
            self.worker.kill()
            self.worker = self.start_worker(f"worker-{next(self.names)}")
            self.run_out()
        self.come_up()

    def run_out(self):
        """What a killed worker held runs out, without two minutes of waiting."""
        with tenant_scope(self.plant.tenant):
            IterationPolicy.objects.update(due_at=timezone.now())
            held = DataIteration.objects.under_way().exclude(due_at=None)
            held.update(due_at=timezone.now())

    def be_the_data_plane(self):
        """Put in place what was deployed."""
        with tenant_scope(self.plant.tenant):
            for row in Deployment.objects.filter(state=Deployment.State.LOADING):
                serving.mark_live(row.pk)

    def answer(self, dice, *, corrects=None):
        """Log an answer of the model, and have a client say what it was."""
        row = plants.predict(self.plant, seed=next(self.seeds))
        corrects = dice.random() < 0.8 if corrects is None else corrects
        said = {"verdict": "correct", "label": "scratch"} if corrects else {"verdict": "confirm"}
        self.sent[row.pk] = said["verdict"]
        how = {"twice": dice.random() < 0.3, "in_bulk": dice.random() < 0.3}
        self.answers.put({"id": str(row.pk), "said": said, **how})

    def is_quiet(self):
        """Nothing is under way and nothing is left that would start something."""
        self.be_the_data_plane()
        with tenant_scope(self.plant.tenant):
            if DataIteration.objects.under_way().exists():
                return False
            waiting = triggers.waiting(self.plant.engagement).filter(is_correction=True)
            return waiting.count() < LEAST

    def has_counted(self):
        with tenant_scope(self.plant.tenant):
            Watch.objects.update(looked_at=None)  # not to wait for its pause
            return not DueHour.objects.exists()


@pytest.fixture
def plant(acme, alice, surroundings):
    made = plants.build(acme, alice, answer=WRONG.get, **SMALL)
    with tenant_scope(acme):
        freely = {"cooldown_hours": 0, "runs_per_day": 100, "margin": 1}
        policies.set_policy(
            made.engagement,
            mode="automatic",
            method="as_champion",
            least_corrections=LEAST,
            **freely,
            by=alice,
        )
    return made


@pytest.fixture
def site(plant, surroundings, own_redis, workers, tmp_path):
    redis = {"REDIS_URL": own_redis.url}
    web = Web(surroundings | redis, tmp_path / "web.log")

    def worker(name):
        return workers(name, queue="runs,imports,quick", **redis)

    yield Site(plant, web, own_redis, worker)
    web.close()


def test_whatever_is_killed_no_feedback_is_lost_or_doubled_and_nothing_half_promoted(
    plant, site, alice
):
    seed = int(os.environ.get("LOOP_SEED") or secrets.randbelow(10**6))
    print(f"LOOP_SEED={seed}")
    dice = random.Random(seed)
    key = factories.api_key(plant.tenant, alice, "feedback")
    clients = [Client(site.web.url, key, site.answers) for _number in range(2)]
    for client in clients:
        client.start()
    kills = KILLS.copy()
    dice.shuffle(kills)
    for what in kills:
        until = time.monotonic() + dice.uniform(*SECONDS)
        while time.monotonic() < until:
            site.answer(dice)
            site.be_the_data_plane()
            time.sleep(0.3)
        site.kill(what)
    for _number in range(LEAST):  # and the loop still goes round
        site.answer(dice, corrects=True)
    for _client in clients:
        site.answers.put(None)
    for client in clients:
        client.join(PATIENCE_SECONDS)
    replies = sum((client.replies for client in clients), Counter())
    print(f"{len(site.sent)} answers, replies {dict(replies)}, killed {' '.join(kills)}")
    assert not any(client.is_alive() for client in clients)
    assert set(replies) <= {0, 200, 201}, replies  # 0: cut off, and asked again
    wait_for(site.is_quiet, PATIENCE_SECONDS, site.worker)
    wait_for(site.has_counted, PATIENCE_SECONDS, site.worker)

    with tenant_scope(plant.tenant):
        _each_answer_is_there_once(site.sent)
        _tallies_are_the_rows(plant.endpoint)
        _each_correction_was_taken_up_once()
        _what_is_promoted_is_in_place(plant)


def _each_answer_is_there_once(sent):
    rows = Feedback.objects.values_list("prediction_id", "verdict")
    assert Counter(rows) == Counter(sent.items())
    assert not Feedback.objects.exclude(superseded_at=None).exists()
    receipts = Receipt.objects.filter(state=Receipt.State.ACCEPTED)
    assert set(receipts.values_list("prediction_id", flat=True)) == set(sent)
    assert receipts.filter(is_correction=True).count() == sum(
        verdict == "correct" for verdict in sent.values()
    )


def _tallies_are_the_rows(endpoint):
    tallies = HourlyTally.objects.filter(endpoint=endpoint)
    assert tallies.aggregate(n=Sum("n"))["n"] == Prediction.objects.count()


def _each_correction_was_taken_up_once():
    """One data iteration for each reason, one version and one run for each data iteration."""
    iterations = list(DataIteration.objects.order_by("number"))
    assert [row.number for row in iterations] == list(range(1, len(iterations) + 1))
    for row in iterations:
        assert row.trigger == "count"
        assert row.receipts.filter(is_correction=True).count() >= LEAST
    taken = Receipt.objects.exclude(fate="")
    items = Item.objects.filter(path__startswith="feedback/")
    assert items.count() == taken.filter(fate=Receipt.Fate.ADDED).count()
    assert items.values("image").distinct().count() == items.count()
    assert DatasetVersion.objects.count() == 1 + len(iterations)
    assert Run.objects.count() == 1 + len(iterations)
    assert len({row.run_id for row in iterations}) == len(iterations)
    assert len({row.version_id for row in iterations}) == len(iterations)


def _what_is_promoted_is_in_place(plant):
    """Iteration, history of deployments, audit and champion say the same."""
    rows = list(DataIteration.objects.order_by("number"))
    assert {row.state for row in rows} <= set(DataIteration.ENDED), [row.state for row in rows]
    promoted = [row for row in rows if row.promoted_at]
    assert promoted, [(row.state, row.cause) for row in rows]
    assert promoted == [row for row in rows if row.deployment_id]
    history = Deployment.objects.filter(endpoint=plant.endpoint).order_by("number")
    versions = [plant.champion.pk, *(row.challenger_id for row in promoted)]
    assert list(history.values_list("model_version_id", flat=True)) == versions
    assert set(history.values_list("state", flat=True)) == {"live"}
    assert [row.deployment_id for row in promoted] == [one.pk for one in history[1:]]
    assert {row.state for row in promoted} == {DataIteration.State.PROMOTED}
    assert plant.endpoint.champion.model_version_id == versions[-1]
    told = AuditEntry.objects.filter(verb="data_iteration.promoted").count()
    assert told == len(promoted)
