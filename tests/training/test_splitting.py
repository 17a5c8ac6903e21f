"""Splits: classes in proportion, groups together, the same seed the same answer."""

from collections import Counter

import pytest

from training.datasets.splitting import Row, given, groups_apart, stratified


def rows(label, n, *, groups=0, split=""):
    return [
        Row(f"{label}{i}", label, split, f"{label}-g{i % groups}" if groups else "")
        for i in range(n)
    ]


def counts(found, splits):
    return Counter((row.label, splits[row.key]) for row in found)


@pytest.mark.parametrize(
    "n, wanted",
    [(3, (2, 0, 1)), (4, (2, 1, 1)), (7, (5, 1, 1)), (20, (14, 3, 3)), (100, (70, 15, 15))],
)
def test_a_class_of_any_size_learns_and_is_tested(n, wanted):
    found = rows("ok", n) + rows("scratch", 50)
    have = counts(found, stratified(found, seed=0))
    assert tuple(have["ok", split] for split in ("train", "valid", "test")) == wanted


def test_the_same_rows_and_seed_give_the_same_splits_in_any_order():
    found = rows("ok", 40, groups=13) + rows("scratch", 40)
    assert stratified(found, seed=3) == stratified(found[::-1], seed=3)
    assert stratified(found, seed=3) != stratified(found, seed=4)


@pytest.mark.parametrize("seed", range(20))
def test_groups_stay_together_and_classes_keep_their_proportions(seed):
    found = rows("ok", 200, groups=40) + rows("scratch", 60, groups=12) + rows("dent", 30)
    splits = stratified(found, seed=seed)
    groups = {}
    for row in found:
        if row.group:
            groups.setdefault(row.group, set()).add(splits[row.key])
    assert all(len(where) == 1 for where in groups.values())
    have = counts(found, splits)
    for label, n in (("ok", 200), ("scratch", 60), ("dent", 30)):
        assert abs(have[label, "test"] / n - 0.15) < 0.06
        assert have[label, "train"] / n > 0.6


def test_given_splits_are_kept_and_validation_is_taken_out_of_train():
    found = rows("ok", 40, split="train") + rows("scratch", 40, split="train")
    held_out = [Row(f"t{i}", "ok", "test") for i in range(9)]
    splits = given(found + held_out, seed=0)
    assert all(splits[row.key] == "test" for row in held_out)
    have = counts(found, splits)
    assert have["ok", "valid"] == have["scratch", "valid"] == 6
    assert have["ok", "test"] == 0


def test_no_validation_is_taken_where_a_class_would_be_left_with_too_few():
    found = rows("ok", 40, split="train") + rows("scratch", 11, split="train")
    splits = given([*found, Row("t", "ok", "test")], seed=0)
    assert set(splits.values()) == {"train", "test"}


def test_no_validation_is_taken_where_one_group_holds_everything():
    found = rows("ok", 40, groups=1, split="train") + rows("scratch", 40, groups=1, split="train")
    splits = given([*found, Row("t", "ok", "test")], seed=0)
    assert set(splits.values()) == {"train", "test"}


def test_a_missing_test_split_is_taken_out_of_train_and_given_validation_stays():
    found = rows("ok", 40, split="train") + rows("scratch", 40)
    kept = [Row(f"v{i}", "ok", "valid") for i in range(5)]
    splits = given(found + kept, seed=0)
    assert all(splits[row.key] == "valid" for row in kept)
    assert counts(found, splits)["scratch", "test"] == 6


def test_a_row_without_a_split_follows_its_group():
    splits = given(
        [Row("a", "ok", "test", "p1"), Row("b", "ok", "", "p1"), Row("c", "ok", "train")], seed=0
    )
    assert splits["b"] == "test"


def test_groups_in_two_splits_are_found():
    found = [Row("a", "ok", "test", "p1"), Row("b", "ok", "train", "p1"), Row("c", "ok", "", "p1")]
    assert groups_apart(found) == {"p1": {"test", "train"}}
