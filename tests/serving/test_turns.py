"""The fair queue: tenants take turns, and who has most in it gives way."""

import threading

from serving.fair_pool import FairPool
from serving.turns import Turns


def queue(**lines):
    turns = Turns()
    for owner, count in lines.items():
        for number in range(1, count + 1):
            turns.add(owner, f"{owner}{number}")
    return turns


def taken(turns, **options):
    items = iter(lambda: turns.take(**options), None)
    return " ".join(items)


def test_twenty_times_as_much_makes_another_wait_for_one_turn_only():
    turns = queue(noisy=20)
    served = [turns.take()]
    for number in (1, 2, 3):
        turns.add("quiet", f"quiet{number}")
        served += [turns.take(), turns.take()]
    assert served == ["noisy1", "quiet1", "noisy2", "quiet2", "noisy3", "quiet3", "noisy4"]


def test_each_has_a_turn_before_anybody_has_two_and_keeps_its_own_order():
    assert taken(queue(a=3, b=1, c=2)) == "a1 b1 c1 a2 c2 a3"


def test_who_was_just_served_does_not_come_first_again_by_asking_anew():
    turns = queue(a=2, b=2)
    assert turns.take() == "a1"
    assert turns.take() == "b1"
    turns.add("eager", "eager1")
    assert turns.take() == "eager1"  # it has waited longest for a turn: it never had one
    turns.add("eager", "eager2")
    assert taken(turns) == "a2 b2 eager2"


def test_only_what_fits_is_taken():
    turns = queue(a=2, b=2)
    assert taken(turns, fits=lambda item: item.endswith("2")) == "a2 b2"
    assert len(turns) == 2 and turns.waiting_of("a") == 1 and turns.waiting_of("nobody") == 0


def test_the_longest_line_gives_way_from_its_end():
    turns = queue(a=2, b=4)
    assert (turns.beyond(0), turns.beyond(1), turns.beyond(3)) == (6, 4, 1)
    assert turns.take_newest() == "b4"
    assert turns.beyond(3) == Turns().beyond(0) == 0
    assert taken(turns) == "a1 b1 a2 b2 b3"


def test_what_nobody_waits_for_is_dropped():
    turns = queue(a=2, b=1)
    turns.drop(lambda item: item in ("a1", "b1"))
    assert len(turns) == 1 and taken(turns) == "a2"


def test_a_pool_works_for_tenants_in_turns():
    pool, go, done = FairPool(1, "loads"), threading.Event(), []
    pool.submit("first", go.wait, 10)
    work = [pool.submit(owner, done.append, owner) for owner in ("noisy", "noisy", "quiet")]
    broken = pool.submit("quiet", lambda: 1 / 0)
    pool.start()
    go.set()
    for future in work:
        future.result(10)
    assert isinstance(broken.exception(10), ZeroDivisionError)
    assert done == ["noisy", "quiet", "noisy"]
    pool.stop()


def test_it_is_known_how_many_go_before_the_next_of_somebody():
    turns = queue(noisy=20, other=3)
    assert turns.ahead_of("quiet") == 2  # the first of each
    assert turns.ahead_of("other") == 3 + 4
    assert turns.ahead_of("noisy") == 20 + 3
