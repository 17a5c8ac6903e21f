"""Nobody starts more threads than there are cores for them."""

import os
import subprocess
import sys
from pathlib import Path

from lepton.lib import machine

REPOSITORY = Path(__file__).resolve().parents[2]


def test_threads_are_shared_among_busy_workers(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    assert machine.threads_each(2) == 4
    assert machine.threads_each(16) == 1


def test_a_containers_cpu_limit_counts_as_its_cores(monkeypatch, tmp_path):
    limit = tmp_path / "cpu.max"
    limit.write_text("150000 100000\n")
    monkeypatch.setattr(machine, "CGROUP_LIMIT", limit)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda pid: set(range(64)))
    assert machine.cores() == 2
    limit.write_text("max 100000\n")
    assert machine.cores() == 64


def test_two_graphs_run_at_once_only_where_each_has_a_core(monkeypatch):
    found = {}
    for cores in (1, 2, 8):
        monkeypatch.setattr(machine, "cores", lambda cores=cores: cores)
        found[cores] = [machine.answering_threads(processes) for processes in (1, 2, 4)]
    assert found == {1: [1, 1, 1], 2: [2, 1, 1], 8: [2, 2, 2]}


def test_a_process_kept_to_one_core_trains_and_answers_with_one_thread(server_environment):
    program = (
        f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}});"
        "from lepton import settings;"
        "print(settings.LEPTON_THREADS, settings.LEPTON_INFERENCE_THREADS)"
    )
    chosen = ("LEPTON_THREADS", "LEPTON_INFERENCE_THREADS")
    unset = {name: value for name, value in server_environment.items() if name not in chosen}
    done = subprocess.run(
        [sys.executable, "-c", program], env=unset, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "1"], done.stderr
