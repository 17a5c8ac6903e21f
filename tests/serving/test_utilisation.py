"""The signal that replicas are added by."""

import threading
import time

import pytest

from serving.utilisation import Utilisation


def test_an_idle_data_plane_is_not_busy():
    assert Utilisation(2).share() == 0


def test_what_is_under_way_counts_as_far_as_it_went(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    busy = Utilisation(2)
    busy.begin()
    now[0] += 3
    assert busy.share() == pytest.approx(0.1)  # 3 of 2 x 15 seconds
    busy.end()
    now[0] += 13
    assert busy.share() == pytest.approx(2 / 30)  # the first second has left the window
    now[0] += 60
    assert busy.share() == 0


def test_all_threads_at_work_are_a_whole():
    busy, all_began = Utilisation(2), threading.Barrier(3)

    def work():
        busy.begin()
        all_began.wait(10)
        all_began.wait(10)
        busy.end()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    all_began.wait(10)
    time.sleep(0.2)
    assert 0 < busy.share() <= 1
    all_began.wait(10)
    for thread in threads:
        thread.join()
