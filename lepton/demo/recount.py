"""The figures of live quality once more, from the log and the answers, by nothing of Lepton's own.

As a script: python -m lepton.demo.recount SITE TENANT ENDPOINT ENGAGEMENT KEY, the key with the
right to view. It reads the public API, counts with scikit-learn and SciPy, and ends with 1 where a
figure differs.
"""

import sys
from collections import defaultdict

from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from lepton.demo.client import Client

CLOSE = 1e-6
FIGURES = ("precision", "recall", "f1")


def compare(client, endpoint, engagement):
    """Recount each model version's figures; returns (pairs compared, words), or raises."""
    answered = _answered(client, endpoint, engagement)
    told = client.get(f"engagements/{engagement}/live-quality?period=7d")
    pairs = []
    everything = [pair for found in answered.values() for pair in found]
    for name, row, found in [
        ("all versions", told["realised"], everything),
        *((f"version {v['version']}", v, answered[v["version"]]) for v in told["by_version"]),
    ]:
        pairs += [(f"{name}: {key}", *both) for key, both in _figures(row, found)]
    if wrong := [one for one in pairs if abs(one[1] - one[2]) > CLOSE]:
        raise RuntimeError(f"Live quality differs from the recount (Lepton, recounted): {wrong}")
    counts = ", ".join(f"version {v}: n = {len(rows)}" for v, rows in sorted(answered.items()))
    return pairs, f"{len(pairs)} figures of live quality are the same, counted again ({counts})"


def _answered(client, endpoint, engagement) -> dict[int, list[tuple[str, str]]]:
    """{model version: [(what it said, what it was)]} of what was confirmed or corrected."""
    log = {row["id"]: row for row in client.every(f"predictions?endpoint={endpoint}")}
    found = defaultdict(list)
    for receipt in client.every(f"engagements/{engagement}/receipts"):
        said = client.every(f"predictions/{receipt['prediction_id']}/feedback")
        (stands,) = [one for one in said if not one["superseded_at"] and not one["withdrawn_at"]]
        row = log[receipt["prediction_id"]]
        if stands["verdict"] != "reject":
            found[row["model_version"]].append((row["label"], stands["label"] or row["label"]))
    return found


def _figures(told, pairs):
    """(name, (as Lepton says, as counted here)) of everything that is shown."""
    said, was = ([pair[side] for pair in pairs] for side in (0, 1))
    yield "n", (told["n"], len(pairs))
    if told["accuracy"] is None:
        return
    right = sum(pair[0] == pair[1] for pair in pairs)
    ends = binomtest(right, len(pairs)).proportion_ci(method="wilson")
    yield "accuracy", (told["accuracy"], accuracy_score(was, said))
    yield "accuracy_low", (told["accuracy_low"], ends.low)
    yield "accuracy_high", (told["accuracy_high"], ends.high)
    labels = [row["label"] for row in told["per_class"]]
    counted = precision_recall_fscore_support(was, said, labels=labels, zero_division=0)
    for place, row in enumerate(told["per_class"]):
        yield f"n of {row['label']}", (row["n"], int(counted[3][place]))
        for name, values in zip(FIGURES, counted, strict=False):
            if row[name] is not None:
                yield f"{name} of {row['label']}", (row[name], values[place])


def main(site, tenant, endpoint, engagement, key) -> None:
    client = Client(site, site, tenant, key)
    try:
        pairs, words = compare(client, endpoint, engagement)
    except RuntimeError as difference:
        sys.exit(str(difference))
    for name, theirs, ours in pairs:
        print(f"{name:32} {theirs:12.6f} {ours:12.6f}")
    print(words)


if __name__ == "__main__":
    main(*sys.argv[1:])
