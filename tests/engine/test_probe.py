"""The linear probe: its folds, its strength and its weights."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from training.engine import probe
from training.engine.errors import TrainingFailed


def clouds(n_each, n_classes=3, dimensions=6, views=1, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), n_each)
    centres = rng.normal(0, 2, (n_classes, dimensions))
    noise = rng.normal(0, spread, (len(labels), views, dimensions))
    return (centres[labels][:, None] + noise).astype(np.float32), labels


def own_groups(labels):
    return [str(index) for index in range(len(labels))]


@pytest.mark.parametrize("seed", range(5))
def test_folds_share_no_group(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 3, 200), rng.integers(0, 40, 200).astype(str)
    fold_of, kind = probe.assign_folds(labels, groups, seed=seed)
    assert kind == "grouped"
    assert fold_of.max() + 1 == 5
    for group in set(groups):
        assert len(set(fold_of[groups == group])) == 1


def test_a_single_group_for_all_rows_falls_back_to_folds_by_image():
    labels = np.repeat([0, 1], 20)
    fold_of, kind = probe.assign_folds(labels, ["train"] * 40, seed=0)
    assert kind == "by image"
    assert np.bincount(fold_of).tolist() == [8] * 5


def test_groups_that_would_hide_a_class_from_training_fall_back():
    labels = np.repeat([0, 1], 10)
    groups = ["a"] * 10 + [str(index) for index in range(10)]
    assert probe.assign_folds(labels, groups, seed=0)[1] == "by image"


def test_every_training_part_knows_every_class():
    labels = np.array([0] * 30 + [1] * 2)
    fold_of, _ = probe.assign_folds(labels, own_groups(labels), seed=0)
    assert fold_of.max() == 1
    assert all(set(labels[fold_of != fold]) == {0, 1} for fold in range(2))


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dimensions", [6, 90])
def test_the_folded_head_answers_as_scikit_learn_on_standardised_features(n_classes, dimensions):
    features, labels = clouds(20, n_classes, dimensions)
    l2 = 0.1
    fitted = probe.fit(features, labels, own_groups(labels), n_classes=n_classes, l2=l2)
    scaler = StandardScaler().fit(features[:, 0])
    strength = (2 if n_classes == 2 else 1) / (len(labels) * l2)
    peer = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(
        scaler.transform(features[:, 0]), labels
    )
    expected = peer.predict_proba(scaler.transform(features[:, 0]))
    assert np.abs(fitted.probabilities(features[:, 0]) - expected).max() < 2e-3


def test_the_chosen_strength_is_the_largest_within_one_standard_error():
    features, labels = clouds(30, spread=2.5)
    fitted = probe.fit(features, labels, own_groups(labels), n_classes=3)
    best = min(fitted.scores, key=lambda score: score["loss"])
    limit = best["loss"] + best["standard_error"]
    assert fitted.l2 == max(score["l2"] for score in fitted.scores if score["loss"] <= limit)
    assert [score["l2"] for score in fitted.scores] == list(probe.L2_GRID)
    assert probe.L2_GRID[0] == 10
    assert probe.L2_GRID[-1] == pytest.approx(0.001)


def test_views_of_a_row_never_stand_on_both_sides_of_a_fold():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    one_view = rng.normal(size=(60, 1, 40)).astype(np.float32)
    fitted = probe.fit(one_view.repeat(2, 1), labels, own_groups(labels), n_classes=2, l2=0.001)
    assert (fitted.out_of_fold.argmax(1) == labels).mean() < 0.75, (
        "labels without reason were learnt by heart"
    )


def test_the_same_seed_gives_the_same_head():
    features, labels = clouds(15)
    first, second = (probe.fit(features, labels, own_groups(labels), n_classes=3) for _ in range(2))
    assert np.array_equal(first.weight, second.weight)


def test_a_class_with_one_row_is_refused():
    features, labels = clouds(5)
    labels[labels == 2] = 0
    labels[-1] = 2
    with pytest.raises(TrainingFailed, match="Class number 3 has 1"):
        probe.fit(features, labels, own_groups(labels), n_classes=3)
