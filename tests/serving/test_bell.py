"""Who waits for work: the thread that worked last is the first to be woken."""

import threading
import time

from serving.bell import Bell


def test_whoever_fell_asleep_last_is_woken_first_and_nobody_in_vain():
    bell, order = Bell(), []

    def sleep(name):
        with bell:
            bell.sleep()
            order.append(name)

    def has(condition):
        until = time.monotonic() + 10
        while not condition() and time.monotonic() < until:
            time.sleep(0.001)
        return condition()

    threads = {
        name: threading.Thread(target=sleep, args=[name]) for name in ("one", "two", "three")
    }
    for asleep, thread in enumerate(threads.values(), start=1):
        thread.start()
        assert has(lambda asleep=asleep: len(bell._asleep) == asleep)
    with bell:
        bell.ring()
    assert has(lambda: order == ["three"])
    with bell:
        bell.ring(5)  # more than there are
    for thread in threads.values():
        thread.join(10)
    assert sorted(order) == ["one", "three", "two"]
    with bell:
        bell.ring()  # nobody sleeps: it is not kept for later
    assert bell._asleep == []
