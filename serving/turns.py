"""A queue that takes turns between owners: a thousand of one make another wait for one at most.

The owner whose last turn was longest ago comes first; what belongs to one keeps its order.
"""

from collections.abc import Callable, Hashable
from itertools import count


def _anything(item) -> bool:
    return True


class Turns:
    """Not safe by itself for several threads."""

    def __init__(self):
        self._lines: dict[Hashable, list] = {}
        self._last: dict[Hashable, int] = {}  # the number of each owner's last turn
        self._turns = count(1)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def waiting_of(self, owner: Hashable) -> int:
        return len(self._lines.get(owner, ()))

    def heads(self) -> list:
        """The first of each line; any thread may ask."""
        return [line[0] for line in list(self._lines.values()) if line]

    def ahead_of(self, owner: Hashable) -> int:
        """How many get their turn before the next that `owner` adds, if nobody else comes."""
        turn = self.waiting_of(owner) + 1
        others = (line for other, line in self._lines.items() if other != owner)
        return turn - 1 + sum(min(len(line), turn) for line in others)

    def add(self, owner: Hashable, item) -> None:
        self._lines.setdefault(owner, []).append(item)
        self._size += 1

    def take(self, fits: Callable[[object], bool] = _anything):
        """Remove and return whose turn it is among those that fit; None if there is none."""
        for owner in sorted(self._lines, key=lambda owner: self._last.get(owner, 0)):
            item = next(filter(fits, self._lines[owner]), None)
            if item is not None:
                self._last[owner] = next(self._turns)
                self._keep(owner, [one for one in self._lines[owner] if one is not item])
                return item
        return None

    def beyond(self, length: int) -> int:
        """How many there are beyond that many of each line."""
        return sum(max(0, len(line) - length) for line in self._lines.values())

    def take_newest(self):
        """Remove and return the newest of the longest line."""
        owner = max(self._lines, key=self.waiting_of)
        *others, newest = self._lines[owner]
        self._keep(owner, others)
        return newest

    def drop(self, is_dead: Callable[[object], bool]) -> None:
        """Remove what nobody waits for any more."""
        for owner, line in list(self._lines.items()):
            self._keep(owner, [one for one in line if not is_dead(one)])

    def _keep(self, owner: Hashable, items: list) -> None:
        self._size -= len(self._lines.pop(owner)) - len(items)
        if items:
            self._lines[owner] = items
