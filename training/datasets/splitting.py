"""Who learns, who tunes, who tests: splits that keep classes in proportion and groups together.

Pure functions over rows with `key` (unique), `label`, `split` ("" where none is given) and `group`
("" for none). The same rows and seed give the same answer, whatever their order.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

TRAIN, VALID, TEST = "train", "valid", "test"
SHARE = 0.15  # of validation and of test
LEAST_TRAIN_BESIDE_VALID = 10  # a class keeps so many, or no validation is taken out of train


class Row(NamedTuple):
    """One labelled image."""

    key: str
    label: str
    split: str = ""
    group: str = ""


def stratified(rows: Sequence[Row], *, seed: int) -> dict[str, str]:
    """Split all rows 70/15/15, whatever was given; returns the split by key."""
    return _allocate(rows, (TRAIN, VALID, TEST), seed)


def given(rows: Sequence[Row], *, seed: int) -> dict[str, str]:
    """Keep given splits and complete them; returns the split by key.

    A row without a split follows its group, else it joins train. A missing test split is taken
    out of train by class and group; so is a missing validation split, unless some class would
    keep fewer than 10 training rows or groups cannot be divided: then there is none.
    """
    split_of_group = {row.group: row.split for row in rows if row.group and row.split}
    splits = {row.key: row.split or split_of_group.get(row.group) or TRAIN for row in rows}
    pool = [row for row in rows if splits[row.key] == TRAIN]
    present = set(splits.values())
    if TEST not in present:
        wanted = (TRAIN, TEST) if VALID in present else (TRAIN, VALID, TEST)
        return splits | _allocate(pool, wanted, seed)
    if VALID not in present:
        carved = _allocate(pool, (TRAIN, VALID), seed)
        if _leaves_enough(pool, carved):
            return splits | carved
    return splits


def groups_apart(rows: Iterable[Row]) -> dict[str, set[str]]:
    """Groups whose rows were given more than one split, each with those splits."""
    splits = defaultdict(set)
    for row in rows:
        if row.group and row.split:
            splits[row.group].add(row.split)
    return {group: found for group, found in splits.items() if len(found) > 1}


def kept_together(rows: Sequence[Row], pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """Return the rows with one group for all that `pairs` of keys and given groups tie together."""
    parent = {row.key: row.key for row in rows}

    def root(key):
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    first_of_group, tied = {}, []
    for row in rows:
        if row.group:
            tied.append((first_of_group.setdefault(row.group, row.key), row.key))
    for a, b in [*tied, *(pair for pair in pairs if parent.keys() >= set(pair))]:
        parent[root(a)] = root(b)
    members = defaultdict(list)
    for row in rows:
        members[root(row.key)].append(row)
    return [row._replace(group=name) for found in members.values() for name, row in _named(found)]


def _named(rows) -> list[tuple[str, Row]]:
    """Rows that belong together with the name of their group: one that was given, else a key."""
    given = [row.group for row in rows if row.group]
    name = min(given) if given else min(row.key for row in rows) if len(rows) > 1 else ""
    return [(name, row) for row in rows]


def _allocate(rows, splits, seed) -> dict[str, str]:
    """Deal groups, the large ones first, to the split that is furthest from its share."""
    units = defaultdict(list)
    for row in rows:
        units[("group", row.group) if row.group else ("row", row.key)].append(row)
    totals = Counter(row.label for row in rows)
    need = {split: Counter() for split in splits}
    for label, n in totals.items():
        for split, quota in _quotas(n, splits).items():
            need[split][label] = quota
    dealt = {}
    order = sorted(units, key=lambda unit: (-len(units[unit]), _shuffled(unit, seed)))
    for unit in order:
        labels = Counter(row.label for row in units[unit])
        chosen = max(splits, key=lambda split: _wish(need[split], labels, totals))
        need[chosen].subtract(labels)
        dealt |= {row.key: chosen for row in units[unit]}
    return dealt


def _quotas(n, splits) -> dict[str, int]:
    """How many of a class's n rows each split is to get: at least one to test, two to learn."""
    test = max(1, _share(n)) if TEST in splits else 0
    valid = _share(n) if VALID in splits else 0
    if n - test - valid < 2:
        valid = 0
    quotas = {TRAIN: n - test - valid, VALID: valid, TEST: test}
    return {split: quotas[split] for split in splits}


def _share(n) -> int:
    return int(SHARE * n + 0.5)


def _wish(need, labels, totals) -> float:
    return sum(n * need[label] / totals[label] for label, n in labels.items())


def _shuffled(unit, seed) -> str:
    """A place by lot that does not depend on what else is in the set."""
    return hashlib.sha256(f"{seed}:{unit[0]}:{unit[1]}".encode()).hexdigest()


def _leaves_enough(rows, splits) -> bool:
    left = Counter((row.label, splits[row.key]) for row in rows)
    return all(
        left[label, TRAIN] >= LEAST_TRAIN_BESIDE_VALID and left[label, VALID]
        for label in {row.label for row in rows}
    )
