"""Runs as event files: TensorBoard itself reads what we write."""

import io
import zipfile

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from accounts.scoping import tenant_scope
from tests import factories, world
from training.models import Run, RunEpoch

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(acme, alice):
    made = world.build(acme, alice).run
    with tenant_scope(acme):
        for epoch in range(2, 6):
            figures = {"train_loss": 1 / epoch, "valid_loss": 2 / epoch, "valid_accuracy": 0.9}
            RunEpoch.objects.create(run=made, epoch=epoch, **figures)
    return made


def url(run, name=""):
    return f"/t/acme/e/{run.engagement_id}/runs/{name}tensorboard/"


def test_tensorboard_opens_what_is_downloaded(alice, run, browse, tmp_path):
    answer = browse(alice).get(url(run, f"{run.pk}/"))
    name = answer.headers["Content-Disposition"].split('"')[1]
    (tmp_path / name).write_bytes(answer.content)
    found = EventAccumulator(str(tmp_path)).Reload()
    assert set(found.Tags()["scalars"]) >= {"loss/train", "loss/validation", "accuracy/test"}
    losses = found.Scalars("loss/train")
    assert [one.step for one in losses] == [2, 3, 4, 5]
    assert losses[0].value == pytest.approx(0.5)


def test_all_runs_come_in_one_zip_a_folder_each(acme, alice, run, browse):
    with tenant_scope(acme):
        Run.objects.create(
            engagement=run.engagement,
            dataset_version=run.dataset_version,
            number=2,
            method="linear_probe",
            backbone="resnet18",
            params={},
            created_by_label="Alice",
        )
    answer = browse(alice).get(url(run))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(name.split("/")[0] for name in archive.namelist()) == ["run-001", "run-002"]
        assert all("tfevents" in name for name in archive.namelist())


def test_a_stranger_gets_no_events(carol, mei, acme, run, browse):
    assert browse(carol).get(url(run, f"{run.pk}/")).status_code == 404
    other = factories.engagement(acme, mei, "Another")
    wrong = url(run, f"{run.pk}/").replace(str(run.engagement_id), str(other.pk))
    assert browse(mei).get(wrong).status_code == 404
