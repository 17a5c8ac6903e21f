"""Graphs in memory: a limit in bytes, kept fairly, and never at the expense of who is answering."""

import threading
import time

import numpy as np
import pytest

from serving.runtimes.null import NullRuntime
from serving.shelf import QUIET_SECONDS, NoRoom, Shelf


class Shelved:
    """A shelf of 10 bytes; `place("a1", 4)` puts a graph of tenant a there, unopened."""

    def __init__(self):
        self.busy, self.opened = set(), []
        self.shelf = Shelf(10, is_busy=lambda graph: graph in self.busy)

    def place(self, name, size=4, **options):
        def opened():
            self.opened.append(name)
            return NullRuntime(2), np.zeros(2)

        facts = {"owner": name[0], "size_bytes": size} | options
        return self.shelf.place(name, opened, **facts)

    def bring(self, name, size=4, **options):
        graph = self.place(name, size, **options)
        self.shelf.bring(graph)
        return graph


@pytest.fixture
def on():
    return Shelved()


def loaded(*graphs):
    return [graph.runtime is not None for graph in graphs]


def test_what_was_used_longest_ago_goes_when_there_is_no_room(on):
    a1, a2 = on.bring("a1"), on.bring("a2")
    a1.run(np.zeros((1, 8, 8, 3), np.uint8))
    a3 = on.bring("a3")
    assert loaded(a1, a2, a3) == [True, False, True]
    assert on.shelf.used_bytes == 8 and len(on.shelf) == 2


def test_room_is_taken_from_whoever_holds_most(on):
    b1, a1, a2 = on.bring("b1", 2), on.bring("a1"), on.bring("a2")
    c1 = on.bring("c1", 2)
    assert loaded(b1, a1, a2, c1) == [True, False, True, True]


def test_nobody_loses_a_graph_in_use_to_one_who_holds_more(on):
    b1, a1, a2 = on.bring("b1", 2), on.bring("a1"), on.bring("a2")
    a3 = on.bring("a3")
    assert loaded(b1, a1, a2, a3) == [True, False, True, True]
    on.busy |= {a2, a3}
    with pytest.raises(NoRoom):
        on.bring("a1")
    assert loaded(b1, a2, a3) == [True, True, True]


def test_who_holds_nothing_gets_room_from_anybody(on):
    a1 = on.bring("a1", 6)
    b1 = on.bring("b1", 9)
    assert loaded(a1, b1) == [False, True]
    assert loaded(on.bring("a1", 6), b1) == [True, False]


def test_what_nobody_asked_for_lately_goes_first_whoever_holds_it(on):
    b1, a1, a2 = on.bring("b1", 2), on.bring("a1"), on.bring("a2")
    b1.used_at = time.monotonic() - QUIET_SECONDS - 1
    a3 = on.bring("a3", 2)
    assert loaded(b1, a1, a2, a3) == [False, True, True, True]


def test_one_alone_fits_however_large_and_who_answers_is_never_taken_away(on):
    large = on.bring("a1", 50)
    assert loaded(large) == [True]
    on.busy.add(large)
    with pytest.raises(NoRoom):
        on.bring("b1", 1)
    assert loaded(large) == [True] and on.shelf.used_bytes == 50


def test_a_shared_backbone_stays_and_counts_for_nothing(on):
    shared = on.bring("s1", 100, stays=True)
    a1, a2, a3 = on.bring("a1"), on.bring("a2"), on.bring("a3")
    assert loaded(shared, a1, a2, a3) == [True, False, True, True]
    assert on.shelf.used_bytes == 8


def test_what_no_endpoint_knows_any_more_frees_its_room(on):
    on.bring("a1", 9)
    assert len(on.shelf) == 0 and on.shelf.used_bytes == 0


def test_what_does_not_open_takes_no_room(on):
    def broken():
        raise OSError("no such file")

    graph = on.shelf.place("x", broken, owner="x", size_bytes=9)
    with pytest.raises(OSError, match="no such"):
        on.shelf.bring(graph)
    assert on.shelf.used_bytes == 0


def test_many_who_ask_for_a_graph_open_it_once(on):
    graph = on.place("a1")
    threads = [threading.Thread(target=on.shelf.bring, args=[graph]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on.opened == ["a1"] and on.place("a1") is graph


def test_taken_away_between_question_and_answer_it_is_opened_again(on):
    a1 = on.bring("a1", 10)
    b1 = on.bring("b1", 10)
    assert loaded(a1, b1) == [False, True]
    assert a1.run(np.zeros((1, 8, 8, 3), np.uint8)).shape == (1, 2)
    assert on.opened == ["a1", "b1", "a1"]
