"""What runs and stored data used, as the meters read it."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import usage
from engagements.models import Engagement
from engagements.usage import Span
from tests import factories
from tests.engagements.candidates import dataset_version, measured
from tests.training import made_of
from training import leases, runner
from training.models import Dataset, Image, Item, ModelVersion, Run
from training.runs import spent

GB_HOURS_A_MONTH = 730


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def last_days(days):
    now = timezone.now()
    return Span(1, now - timedelta(days=days), now)


@pytest.mark.django_db(transaction=True)
def test_a_run_says_what_it_used(acme, alice, engagement, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    made_of.start(engagement, alice, {"epochs": 1, "batch_size": 4})
    leases.work_off("run", runner.carry_out)
    with tenant_scope(acme):
        run = Run.objects.get()
        assert run.state == "succeeded", run.log_tail
        assert run.cpu_seconds > 0 and run.gpu_seconds == 0
        reading = usage.measure("cpu_hours", engagement, last_days(1))
        assert reading == (round(Decimal(run.cpu_seconds) / 3600, 4), 0)
        assert usage.measure("gpu_hours", engagement, last_days(1)).amount == 0


def test_a_further_attempt_adds_to_what_the_earlier_ones_used(monkeypatch):
    clock = iter([0.0, 5.0])
    monkeypatch.setattr(spent.time, "process_time", lambda: 3.0)
    monkeypatch.setattr(spent.time, "monotonic", lambda: next(clock))
    attempt = spent.Spent(SimpleNamespace(cpu_seconds=10.0, gpu_seconds=7.0))
    monkeypatch.setattr(spent.time, "process_time", lambda: 5.5)
    attempt.takes_gpus(2)
    assert attempt.fields == {"cpu_seconds": pytest.approx(12.5), "gpu_seconds": 17.0}


def test_the_processes_that_an_attempt_started_count_when_they_ended(monkeypatch):
    children = SimpleNamespace(ru_utime=1.0, ru_stime=0.0)
    monkeypatch.setattr(spent.time, "process_time", lambda: 3.0)
    monkeypatch.setattr(spent.resource, "getrusage", lambda who: children)
    attempt = spent.Spent(SimpleNamespace(cpu_seconds=10.0, gpu_seconds=0.0))
    children.ru_utime, children.ru_stime = 3.0, 0.5
    assert attempt.fields["cpu_seconds"] == pytest.approx(12.5)


@pytest.mark.django_db
def test_runs_of_before_they_were_metered_are_not_metered(engagement, alice, in_acme):
    assert usage.measure("cpu_hours", engagement, last_days(1)) == (0, 0)
    measured(dataset_version(engagement, alice), alice, [[1, 0], [0, 1]])
    Run.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert usage.measure("cpu_hours", engagement, last_days(1)) == (None, 1)


def _image(engagement, alice, sha256, size_bytes, age_days):
    dataset, _made = Dataset.objects.get_or_create(
        engagement=engagement, name="parts", defaults=author(alice)
    )
    image, _made = Image.objects.get_or_create(
        sha256=sha256,
        defaults={
            "original_sha256": sha256,
            "width": 9,
            "height": 9,
            "size_bytes": size_bytes,
            "storage_key": sha256,
        },
    )
    Image.objects.filter(pk=image.pk).update(created_at=timezone.now() - timedelta(days=age_days))
    Item.objects.create(dataset=dataset, image=image, path=sha256, label="ok")


@pytest.mark.django_db
def test_storage_is_bytes_times_the_time_they_were_kept(engagement, alice, in_acme):
    _image(engagement, alice, "a" * 64, 1_000_000_000, 100)
    _image(engagement, alice, "b" * 64, 2_000_000_000, 1)
    found = usage.measure("storage", engagement, last_days(10)).amount
    expected = Decimal(10 * 24 + 2 * 24) / GB_HOURS_A_MONTH
    assert found == pytest.approx(expected, abs=Decimal("0.0002"))
    measured(dataset_version(engagement, alice), alice, [[1, 0], [0, 1]])
    ModelVersion.objects.update(
        size_bytes=5_000_000_000, created_at=timezone.now() - timedelta(days=5)
    )
    with_model = usage.measure("storage", engagement, last_days(10)).amount
    more = Decimal(5 * 5 * 24) / GB_HOURS_A_MONTH
    assert with_model - found == pytest.approx(more, abs=Decimal("0.0002"))


@pytest.mark.django_db
def test_an_image_kept_once_for_two_engagements_counts_for_the_older(acme, alice, in_acme):
    older, newer = (factories.engagement(acme, alice, name=name) for name in ("One", "Two"))
    Engagement.objects.filter(pk=older.pk).update(created_at=timezone.now() - timedelta(days=9))
    older.refresh_from_db()
    for one in (older, newer):
        _image(one, alice, "a" * 64, 1_000_000_000, 2)
    assert usage.measure("storage", older, last_days(3)).amount > 0
    assert usage.measure("storage", newer, last_days(3)).amount == 0
