"""Several processes train one network: the same weights as one, one fate, nothing left behind.

On the CPU, over gloo: the path that GPUs take over NCCL, started by torchrun alike.
"""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from tests.engine.pictures import small_data
from tests.engine.test_fit import assert_same, weights
from training.engine import backbones, checkpoint, device, networks, torchrun
from training.engine.errors import Stopped, TrainingFailed
from training.engine.torchrun import RankLost
from training.task_types import image_classification, params
from training.task_types.data import Beside

pytestmark = pytest.mark.slow
# Adam divides a gradient by its own size, so what the order of a sum changes in the seventh digit
# moves a weight whose gradient is next to nothing; all weights together end within this share of
# the way they came.
TOLERANCE = 1e-2
REPOSITORY = Path(__file__).resolve().parents[2]


def train(folder, devices, *, progress=lambda report: None, data=None, **settings):
    plain = {"backbone": "lepton_small", "epochs": 2, "batch_size": 16, "views": 2}
    stop = settings.pop("should_stop", lambda: False)
    return image_classification.train(
        data or small_data(12, 4),
        params.from_dict("fine_tune", plain | settings),
        method="fine_tune",
        work_dir=folder / "work",
        weights_dir=folder,
        cache_dir=folder / "cache",
        progress=progress,
        should_stop=stop,
        beside=Beside(devices=devices),
    )


def ranks() -> list[psutil.Process]:
    """The processes that train for us, the first one first."""
    found = []
    for process in psutil.Process().children(recursive=True):
        words = words_of(process)
        if any("several" in word for word in words) and "torch.distributed.run" not in words:
            found.append(process)
    return sorted(found, key=lambda process: process.environ()["RANK"])


def words_of(process) -> list[str]:
    """Its command; none for what has ended, though nobody has asked yet how."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def in_training(report) -> bool:
    return report.phase == "training" and report.total > 1 and report.done > 0


def apart(one, other) -> float:
    """The distance between two trainings' weights, as a share of the way from their start."""
    start = networks.build(backbones.get("lepton_small"), 2, weights=None).state_dict()
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys() == start.keys()
    vectors = [torch.cat([w[n].flatten().float() for n in start]) for w in (ours, theirs, start)]
    return float((vectors[0] - vectors[1]).norm() / (vectors[1] - vectors[2]).norm())


@pytest.fixture(scope="module")
def reports():
    return []


@pytest.fixture(scope="module")
def together(tmp_path_factory, reports):
    """Two ranks, undisturbed."""
    return train(tmp_path_factory.mktemp("together"), 2, progress=reports.append)


def test_two_processes_end_with_the_weights_of_one(tmp_path, together):
    """One that works through the same halves of each batch, one after the other; the last batch of
    an epoch is one half alone."""
    alone = train(tmp_path, 1, micro_batch=8)
    assert (together.summary["devices"], together.summary["micro_batch"]) == (2, 8)
    assert apart(together, alone) < TOLERANCE
    for name in ("valid_loss", "valid_accuracy"):
        ours, theirs = ([one[name] for one in model.history] for model in (together, alone))
        assert ours == pytest.approx(theirs, rel=1e-3)


def test_what_the_first_process_reports_is_heard(together, reports):
    steps = [report for report in reports if in_training(report)]
    assert [report.done for report in steps] == sorted(report.done for report in steps)
    assert steps[-1].done == steps[-1].total == 4
    assert steps[-1].valid_loss > 0 and steps[-1].items_per_second > 0


def test_mixed_rows_and_weighed_classes_are_shared_too(tmp_path):
    settings = {"mixup": 0.4, "balance": "weights", "micro_batch": 4, "epochs": 1}
    both, alone = (train(tmp_path / str(n), n, **settings) for n in (2, 1))
    assert apart(both, alone) < TOLERANCE


def test_a_killed_rank_ends_the_run_and_it_goes_on_from_its_checkpoint(tmp_path):
    def kill_the_second(report):
        if in_training(report) and report.epoch >= 2 and len(ranks()) == 2:
            ranks()[1].kill()

    long = {"epochs": 8, "patience": 500}
    with pytest.raises(RankLost, match=r"Process [12] of 2 ended with status -?\d+\.") as lost:
        train(tmp_path / "broken", 2, progress=kill_the_second, **long)
    assert "torch" in lost.value.__notes__[0]
    assert not ranks()
    epochs = []
    resumed = train(
        tmp_path / "broken",
        2,
        progress=lambda r: epochs.append(r.epoch) if in_training(r) else None,
        **long,
    )
    assert min(epochs) >= 2  # the first epoch was not trained again
    assert_same(weights(resumed), weights(train(tmp_path / "unbroken", 2, **long)))


def test_a_cancel_stops_both_and_leaves_a_checkpoint(tmp_path):
    asked = []

    def note(report):
        asked.append(in_training(report))

    with pytest.raises(Stopped):
        train(tmp_path, 2, progress=note, should_stop=lambda: any(asked), epochs=200, patience=200)
    assert not ranks()
    assert (tmp_path / "work" / "checkpoint.safetensors").exists()


def test_what_one_began_several_finish(tmp_path, together):
    """The number of processes is the machine's affair, not the run's."""
    seen = []
    with pytest.raises(Stopped):
        train(
            tmp_path,
            1,
            progress=lambda r: seen.append(in_training(r)),
            should_stop=lambda: any(seen),
        )
    file = tmp_path / "work" / "checkpoint.safetensors"
    assert checkpoint.read(file, identity=_identity(file))
    resumed = train(tmp_path, 2)
    assert len(resumed.history) == len(together.history)


def _identity(file):
    import json

    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        return json.loads(opened.metadata()["state"])["identity"]


def test_how_the_first_process_fails_is_told_as_by_one(tmp_path):
    options = {"progress": lambda report: None, "should_stop": lambda: False}
    for kind, error in (("failed", TrainingFailed), ("full", OSError)):
        folder = tmp_path / kind
        folder.mkdir()
        with pytest.raises(error) as failure:
            torchrun.carry_out("tests.engine.failing", folder, 2, **options)
        if kind == "failed":
            words = failure.value
            assert (words.cause, words.hint) == ("In epoch 3 it failed.", "Try again.")
            assert words.cause_template == "In epoch %(epoch)d it failed."  # to be translated
        else:
            assert failure.value.errno == errno.ENOSPC


def test_whoever_listens_may_end_it_all(tmp_path):
    class Enough(Exception):
        pass

    def interrupt(report):
        if in_training(report):
            raise Enough

    with pytest.raises(Enough):
        train(tmp_path, 2, progress=interrupt, epochs=200, patience=200)
    assert not ranks()


STARTER = """
import sys
from pathlib import Path
from tests.engine import test_ranks

test_ranks.train(Path(sys.argv[1]), 2, epochs=400, patience=500)
"""


def test_ranks_do_not_outlive_a_killed_worker(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    worker = subprocess.Popen([sys.executable, "-c", STARTER, tmp_path], env=environment)
    try:
        file = tmp_path / "work" / "checkpoint.safetensors"
        _until(file.exists, worker)
        left = ranks()
        assert len(left) == 2
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    _gone, alive = psutil.wait_procs(left, timeout=20)
    assert not alive


def _until(condition, process):
    end = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.1)


def test_memory_that_runs_out_on_one_halves_the_parts_of_all(tmp_path):
    command = ["-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    command += ["--nproc-per-node=2", "--module", "tests.engine.greedy", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"{n}.pt", weights_only=True) for n in range(2))
    alone = torch.load(tmp_path / "alone.pt", weights_only=True)
    assert first.keys() == second.keys() == alone.keys()
    assert first["micro_batch"] == second["micro_batch"] == 2
    for name, value in alone.items():
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=0)
        torch.testing.assert_close(first[name], value, rtol=1e-5, atol=1e-6)


def test_a_device_gets_eight_rows_of_a_batch_at_least():
    assert device.taking_part(4, 32) == 4
    assert device.taking_part(4, 16) == 2
    assert device.taking_part(4, 4) == 1
    assert device.taking_part(0, 512) == (torch.cuda.device_count() or 1)
