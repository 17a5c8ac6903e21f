"""The acceptance contract: frozen, and judged by the interval and never by the point."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.utils import ProgrammingError

from accounts.models import AuditEntry
from engagements import contracts, verdicts
from engagements.models import AcceptanceContract, Verdict
from serving.models import Endpoint, Prediction
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured
from training.datasets import manifest

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice, in_acme):
    made = factories.engagement(acme, alice)
    made.version = dataset_version(made, alice)
    return made


@pytest.fixture
def freeze(engagement, alice, mei):
    def frozen(**terms):
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT} | terms
        return contracts.freeze_contract(
            engagement, **{"deciders": [alice, mei], "by": mei} | terms
        )

    return frozen


@pytest.fixture
def verdict_on(engagement, alice):
    def given(confusion, **figures):
        model = measured(engagement.version, alice, confusion, **figures)
        return contracts.judge(engagement, candidate_id=model.pk, by=alice)

    return given


@pytest.mark.parametrize(
    "confusion, outcome",
    [
        ([[9, 1], [1, 9]], "inconclusive"),
        ([[900, 100], [100, 900]], "pass"),
        ([[75, 25], [25, 75]], "fail"),
    ],
    ids=["18 of 20", "1,800 of 2,000", "150 of 200"],
)
def test_accuracy_against_85_percent(freeze, verdict_on, confusion, outcome):
    freeze()
    assert verdict_on(confusion).outcome == outcome


def test_an_inconclusive_verdict_says_how_many_more_items_would_settle_it(freeze, verdict_on):
    freeze()
    [criterion] = verdict_on([[9, 1], [1, 9]]).criteria
    assert criterion["needed"] == 176
    assert "176 more labelled items would settle it" in verdicts.words(criterion)


@pytest.mark.parametrize("hits, n, target", [(18, 20, 0.85), (7, 10, 0.5), (40, 60, 0.75)])
def test_with_that_many_more_the_interval_leaves_the_target_out(hits, n, target):
    """The closed formula against the interval itself, at the same share."""
    share, total = hits / n, n + verdicts.items_for_proportion(hits / n, n, target)

    def undecided(items):
        figure = verdicts.wilson(share * items, items)
        return figure.low < target <= figure.high

    assert undecided(n) and undecided(total - 1) and not undecided(total)


def test_at_the_very_target_no_number_of_items_would_settle_it(freeze, verdict_on):
    freeze(accuracy_target="0.5")
    [criterion] = verdict_on([[5, 5], [5, 5]]).criteria
    assert criterion["needed"] is None
    assert "no number of items" in verdicts.words(criterion)


def test_macro_f1_is_judged_by_its_stored_interval(freeze, verdict_on):
    freeze(accuracy_target=None, macro_f1_target="0.85")
    assert verdict_on([[9, 1], [1, 9]], macro_f1=(0.9, 0.85, 0.94)).outcome == "pass"
    undecided = verdict_on([[9, 1], [1, 9]], macro_f1=(0.9, 0.78, 0.96))
    assert undecided.outcome == "inconclusive"
    assert undecided.criteria[0]["needed"] == 96  # 20 × (0.12 / 0.05)² = 115.2
    assert verdict_on([[9, 1], [1, 9]], macro_f1=(0.7, 0.6, 0.8)).outcome == "fail"


def test_macro_auc_is_judged_by_its_stored_interval(freeze, verdict_on):
    contract = freeze(accuracy_target=None, macro_auc_target="0.9")
    assert contract.terms["macro_auc"] == 0.9
    passed = verdict_on([[9, 1], [1, 9]], macro_auc=(0.95, 0.91, 0.98))
    assert passed.outcome == "pass" and verdicts.title(passed.criteria[0]) == "Macro AUC"
    undecided = verdict_on([[9, 1], [1, 9]], macro_auc=(0.95, 0.85, 0.98))
    assert undecided.outcome == "inconclusive"
    assert undecided.criteria[0]["needed"] == 61  # 20 × (0.1 / 0.05)² = 80, and one beyond
    assert verdict_on([[9, 1], [1, 9]], macro_auc=(0.8, 0.7, 0.89)).outcome == "fail"


def test_a_macro_auc_that_was_not_measured_settles_nothing(freeze, verdict_on):
    freeze(accuracy_target=None, macro_auc_target="0.9")
    verdict = verdict_on([[9, 1], [1, 9]])
    assert verdict.outcome == "inconclusive"
    assert verdicts.words(verdict.criteria[0]) == "Not measured yet."


def test_terms_without_a_macro_auc_keep_their_hash(freeze):
    assert "macro_auc" not in freeze().terms


def test_one_criterion_that_fails_fails_the_whole(freeze, verdict_on):
    freeze(minimum_recalls={"scratch": 0.9})
    verdict = verdict_on([[999, 1], [300, 700]])
    outcomes = {one["key"]: one["outcome"] for one in verdict.criteria}
    assert outcomes == {"accuracy": "inconclusive", "recall": "fail"}
    assert verdict.outcome == "fail"


def test_latency_is_judged_by_the_share_of_answers_within_the_limit(
    freeze, engagement, alice, verdict_on
):
    freeze(p95_latency_ms=50)
    model = measured(engagement.version, alice, [[900, 100], [100, 900]])
    judged = contracts.judge(engagement, candidate_id=model.pk, by=alice)
    assert judged.outcome == "inconclusive"
    assert verdicts.words(judged.criteria[1]) == "Not measured yet."
    endpoint = Endpoint.objects.create(engagement=engagement, slug="x", created_by_label="Alice")
    seen = {"endpoint": endpoint, "model_version": model, "label": "ok", "score": 1, "scores": [1]}
    Prediction.objects.bulk_create(
        Prediction(**seen, latency_ms=10, input_sha256=HOLDOUT) for _number in range(100)
    )
    assert contracts.judge(engagement, candidate_id=model.pk, by=alice).outcome == "pass"


def test_figures_on_another_holdout_do_not_count(freeze, engagement, alice):
    freeze()
    other = dataset_version(engagement, alice, holdout="b" * 64)
    model = measured(other, alice, [[900, 100], [100, 900]])
    with pytest.raises(ValidationError, match="measured on another holdout"):
        contracts.judge(engagement, candidate_id=model.pk, by=alice)
    assert not Verdict.objects.exists()


def test_a_new_version_leaves_old_verdicts_standing(freeze, verdict_on, engagement):
    first, passed = freeze(), verdict_on([[900, 100], [100, 900]])
    second = freeze(accuracy_target="0.95")
    assert (first.version, second.version) == (1, 2) and first.sha256 != second.sha256
    assert engagement.contract == second
    passed.refresh_from_db()
    assert passed.outcome == "pass" and passed.contract == first


def test_a_contract_cannot_be_changed(freeze):
    contract = freeze()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        AcceptanceContract.objects.filter(pk=contract.pk).update(accuracy_target="0.5")


@pytest.mark.parametrize(
    "terms, words",
    [
        ({"accuracy_target": None}, "at least one metric"),
        ({"accuracy_target": "1"}, "less than or equal to 0.9999"),
        ({"holdout_sha256": "c" * 64}, "no such holdout"),
        ({"minimum_recalls": {"dent": 0.8}}, "no class “dent”"),
        ({"minimum_recalls": {"ok": 1}}, "between 0 and 1"),
    ],
)
def test_terms_that_cannot_be_judged_are_refused(freeze, terms, words):
    with pytest.raises(ValidationError, match=words):
        freeze(**terms)


def test_both_sides_name_who_decides(freeze, alice, bob, mei):
    with pytest.raises(ValidationError, match="each side"):
        freeze(deciders=[alice])
    with pytest.raises(ValidationError, match="Cannot decide here: Bob"):
        freeze(deciders=[bob, mei])
    assert {d.name: d.side for d in freeze().deciders.all()} == {
        "Alice": "customer",
        "Mei": "vendor",
    }


def test_freezing_and_judging_are_noted(freeze, verdict_on, engagement):
    freeze()
    verdict_on([[9, 1], [1, 9]])
    verbs = set(AuditEntry.objects.verbs())
    assert {"contract.frozen", "verdict.given"} <= verbs
    kinds = set(engagement.timeline.values_list("kind", flat=True))
    assert {"contract.frozen", "verdict.inconclusive"} <= kinds


def test_a_holdout_is_its_contents_and_labels():
    rows = [("1" * 64, "ok"), ("2" * 64, "scratch")]
    same = manifest.holdout_sha256_of(reversed(rows))
    assert manifest.holdout_sha256_of(rows) == same
    assert manifest.holdout_sha256_of([rows[0], ("2" * 64, "ok")]) != same
