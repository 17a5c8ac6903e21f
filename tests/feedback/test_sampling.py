"""Drawing by lot at unequal rates: nothing is favoured in the end, and intervals hold the truth."""

import numpy as np
import pytest
from scipy import stats

from feedback.review import sampling

N = 3000


def population(rng, accuracy):
    """Scores of a model that errs more often where it is not sure, and whether it was right."""
    scores = rng.beta(6, 1.5, N)
    chance = np.clip(np.sqrt(scores) * accuracy / np.sqrt(scores).mean(), 0, 1)
    return scores, rng.random(N) < chance


def rates(scores, wanted):
    unsure = (scores < 0.6).astype(float)
    return sampling.rates([(0.6, np.ones(N)), (0.4, unsure)], wanted)


def test_rates_add_up_to_what_is_wanted_and_are_probabilities():
    scores, _right = population(np.random.default_rng(1), 0.9)
    for wanted in (1, 40, 700, 2900):
        found = rates(scores, wanted)
        assert found.sum() == pytest.approx(wanted)
        assert found.min() > 0 and found.max() <= 1
    assert (rates(scores, 5000) == 1).all()


def test_a_part_without_any_candidate_leaves_its_share_to_the_others():
    found = sampling.rates([(0.6, np.ones(10)), (0.4, np.zeros(10))], 4)
    assert found == pytest.approx(np.full(10, 0.4))


@pytest.mark.parametrize("drawing", ["equal", "unequal"])
@pytest.mark.parametrize(("accuracy", "wanted"), [(0.7, 100), (0.85, 200), (0.92, 300)])
def test_a_95_percent_interval_holds_the_truth_in_93_to_97_percent(drawing, accuracy, wanted):
    rng, rounds, held, values = np.random.default_rng([7, wanted]), 1500, 0, []
    _scores, right = population(np.random.default_rng(3), accuracy)
    truth = np.mean([population(rng, accuracy)[1].mean() for _round in range(200)])
    for _round in range(rounds):
        scores, right = population(rng, accuracy)
        chance = rates(scores, wanted) if drawing == "unequal" else np.full(N, wanted / N)
        drawn = rng.random(N) < chance
        found = sampling.estimate(right[drawn], chance[drawn])
        held += found.low <= truth <= found.high
        values.append(found.value)
    assert 0.93 <= held / rounds <= 0.97
    assert np.mean(values) == pytest.approx(truth, abs=0.005)  # the plain share errs by far more


def test_the_plain_share_of_an_unequal_sample_would_be_wrong():
    rng = np.random.default_rng(5)
    scores, right = population(rng, 0.85)
    chance = rates(scores, 600)
    drawn = rng.random(N) < chance
    found = sampling.estimate(right[drawn], chance[drawn])
    assert abs(right[drawn].mean() - right.mean()) > 0.03
    assert found.value == pytest.approx(right.mean(), abs=0.03)


def test_equal_probabilities_give_wilsons_interval_corrected_for_freedom():
    right = [True] * 45 + [False] * 5
    found = sampling.estimate(right, [0.2] * 50)
    n = 49 * (1.959963984540054 / stats.t.ppf(0.975, 49)) ** 2
    z = 1.959963984540054
    centre = (0.9 + z * z / (2 * n)) / (1 + z * z / n)
    assert found.value == pytest.approx(0.9)
    assert (found.low + found.high) / 2 == pytest.approx(centre)


@pytest.mark.parametrize("right", [[True] * 30, [False] * 30])
def test_an_answer_without_exception_is_not_certain(right):
    found = sampling.estimate(right, [0.5] * 30)
    assert found.high - found.low > 0.1
    assert found.low < found.value or found.high > found.value


def test_nothing_reviewed_says_nothing():
    assert sampling.estimate([], []) is None
    one = sampling.estimate([True], [0.5])
    assert (one.low, one.high) == (0, 1)


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95])
def test_the_advice_brings_the_width_it_promises(share):
    more = sampling.needed(share, 0.03)
    right = np.arange(more) < share * more
    found = sampling.estimate(right, np.ones(more))
    assert (found.high - found.low) / 2 == pytest.approx(0.03, abs=0.001)
    assert sampling.needed(share, 0.02) > 2 * more


def test_advice_counts_what_is_there():
    assert sampling.needed(0.9, 0.03, n=100) == sampling.needed(0.9, 0.03) - 100
    assert sampling.needed(0.9, 0.03, gain=0.5) == pytest.approx(
        2 * sampling.needed(0.9, 0.03), 0.01
    )


def test_a_lot_belongs_to_its_prediction_for_good():
    assert sampling.lot("draw", 1, 2) == sampling.lot("draw", 1, 2) != sampling.lot("draw", 2, 1)
    lots = [sampling.lot("draw", n) for n in range(2000)]
    assert stats.kstest(lots, "uniform").pvalue > 0.001
