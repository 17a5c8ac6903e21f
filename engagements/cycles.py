"""Cycles among things that wait for each other."""

from collections.abc import Hashable, Iterable, Mapping


def find(needs: Mapping[Hashable, Iterable[Hashable]]) -> list[Hashable]:
    """Return one cycle of `needs` ({thing: what it waits for}), closed on itself, or []."""
    done, path = set(), []

    def visit(thing):
        if thing in path:
            return [*path[path.index(thing) :], thing]
        if thing in done:
            return []
        path.append(thing)
        for other in needs.get(thing, ()):
            if cycle := visit(other):
                return cycle
        done.add(path.pop())
        return []

    for thing in needs:
        if cycle := visit(thing):
            return cycle
    return []
