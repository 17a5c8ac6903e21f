"""The review queue: what is drawn, who is asked what, and what their answers come to."""

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.scoping import tenant_scope
from feedback import gates, practicals
from feedback import services as feedback
from feedback.models import Feedback, Receipt, Review, ReviewItem
from feedback.review import figures, queue, sampling, services, trust
from lepton.lib.refusals import Conflict
from tests import factories
from tests.feedback import plant as plants
from training.datasets import erasing
from training.models import Image

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plant(acme, alice):
    return plants.build(acme, alice, each=8)


@pytest.fixture
def erin(acme):
    return factories.member(acme, "Erin", "editor")


@pytest.fixture
def frank(acme):
    return factories.member(acme, "Frank", "editor")


def review(plant, prediction, verdict, by, label="", manages=False):
    with tenant_scope(plant.tenant):
        item = ReviewItem.objects.exclude(source="gold").get(prediction=prediction)
        return services.answer(item, verdict=verdict, label=label, by=by, manages=manages)


def receipt(plant, prediction):
    with tenant_scope(plant.tenant):
        return Receipt.objects.get(prediction=prediction)


def drawn(plant, wanted, **more):
    with tenant_scope(plant.tenant):
        made = services.draw(plant.engagement, wanted=wanted, by=plant.by, **more)
        return [item for item in made if item.source != "gold"]


def test_a_draw_takes_predictions_by_lot_with_their_probability(plant):
    for number in range(60):
        plants.predict(plant, seed=number, score=0.5 if number < 10 else 0.95)
    items = drawn(plant, 20)
    assert 8 <= len(items) <= 32
    chance = {round(item.probability, 4) for item in items}
    assert chance <= {0.2, 1.0} and len(chance) == 2  # 0.6 * 20 / 60, and what is unsure besides
    assert {item.source for item in items} <= {"random", "uncertain"}
    with tenant_scope(plant.tenant):
        assert ReviewItem.objects.filter(source="gold").count() >= 1


def test_a_further_draw_adds_to_the_first_and_raises_its_probabilities(plant):
    for number in range(60):
        plants.predict(plant, seed=number, score=0.95)
    first = {item.pk: item.probability for item in drawn(plant, 10)}
    drawn(plant, 25)
    with tenant_scope(plant.tenant):
        items = ReviewItem.objects.drawn()
        now = dict(items.values_list("pk", "probability"))
        assert set(first) < set(now)
        wanted = (len(first) + 25) / 60
        assert list(now.values()) == pytest.approx([wanted] * len(now))


def test_disputed_feedback_is_drawn_by_lot_like_the_rest(plant, alice):
    for number in range(60):
        row = plants.predict(plant, seed=number, score=0.96)
        if number < 20:  # the model was sure: a second opinion is asked for
            with tenant_scope(plant.tenant):
                feedback.give(row, verdict="correct", label="scratch", by=alice)
    first = drawn(plant, 20)
    assert [item.probability for item in first] == pytest.approx([20 / 60] * len(first))
    with tenant_scope(plant.tenant):
        given = ReviewItem.objects.filter(source="feedback")
        assert given.count() == 20 and given.exclude(probability=None).exists()
    drawn(plant, 60)
    with tenant_scope(plant.tenant):
        assert given.filter(probability=1).count() == 20
        found = figures.accuracy(plant.engagement, plant.champion)
        assert (found.n, found.value) == (20, 0)  # nobody has looked at the others


def test_what_was_answered_before_it_is_drawn_counts_and_is_asked_nobody(plant, alice, erin):
    rows = [plants.predict(plant, seed=number) for number in range(6)]
    with tenant_scope(plant.tenant):
        for row in rows[:4]:
            feedback.give(row, verdict="correct", label="scratch", by=alice)
    drawn(plant, 50)
    with tenant_scope(plant.tenant):
        asked = queue.for_person(plant.engagement, erin).exclude(source="gold")
        assert {item.prediction_id for item in asked} == {row.pk for row in rows[4:]}
    review(plant, rows[5], "confirm", erin)
    with tenant_scope(plant.tenant):
        found = figures.accuracy(plant.engagement, plant.champion)
        assert (found.n, found.value) == (5, pytest.approx(2 / 6))  # one speaks for both


class Simulated:
    """150 answers, 40 of them wrong, reviewed again and again by other lots."""

    truth, rounds = 110 / 150, 30

    def __init__(self, plant, reviewer, monkeypatch):
        self.plant, self.reviewer, self.monkeypatch = plant, reviewer, monkeypatch
        self.rows = [plants.predict(plant, data=b"", score=0.8) for _number in range(150)]
        self.wrong = {row.pk for row in self.rows[:40]}

    def correct(self, rows, by):
        """As on a prediction's own page."""
        for row in rows:
            feedback.give(row, verdict="correct", label="scratch", by=by)

    def estimates(self, *, draw, review, meanwhile=()):
        """Draw, have the reviewer correct some `meanwhile`, and review the first of the queue."""
        number_of = {row.pk: number for number, row in enumerate(self.rows)}
        for seed in range(self.rounds):
            self.monkeypatch.setattr(sampling, "lot", _lots(seed, number_of))
            with tenant_scope(self.plant.tenant), transaction.atomic():
                services.draw(self.plant.engagement, wanted=draw, by=self.plant.by)
                for row in meanwhile:
                    _say(row.pk, self.wrong, self.reviewer)
                asked = queue.for_person(self.plant.engagement, self.reviewer)
                asked = asked.exclude(source="gold")[:review]
                _answer_as_it_is(asked, self.wrong, self.reviewer)
                yield figures.accuracy(self.plant.engagement, self.plant.champion)
                transaction.set_rollback(True)

    def hold_the_truth(self, estimates):
        found = list(estimates)
        assert np.mean([one.value for one in found]) == pytest.approx(self.truth, abs=0.02)
        assert sum(one.low <= self.truth <= one.high for one in found) >= 0.9 * self.rounds


def test_accuracy_holds_the_truth_where_answers_were_given_to_errors_above_all(
    plant, alice, erin, monkeypatch
):
    """People corrected 30 of the 40 errors before anything was drawn."""
    simulated = Simulated(plant, erin, monkeypatch)
    with tenant_scope(plant.tenant):
        simulated.correct(simulated.rows[:30], by=alice)
        queue.put_in(simulated.rows[:15])
    simulated.hold_the_truth(simulated.estimates(draw=60, review=25))


def test_accuracy_holds_the_truth_where_the_only_reviewer_corrects_errors_outside_the_queue(
    plant, erin, monkeypatch
):
    """Half of the errors are corrected on their own pages after the draw, and come up no more."""
    simulated = Simulated(plant, erin, monkeypatch)
    elsewhere = simulated.rows[:20]
    simulated.hold_the_truth(simulated.estimates(draw=100, review=40, meanwhile=elsewhere))


def test_what_the_queue_has_passed_is_asked_nobody_when_it_was_answered_elsewhere(
    plant, alice, erin, frank
):
    rows = [plants.predict(plant, seed=number) for number in range(6)]
    drawn(plant, 50)
    with tenant_scope(plant.tenant):
        order = [item.prediction for item in ReviewItem.objects.drawn().order_by("position")]
        feedback.give(order[0], verdict="confirm", by=alice)
        feedback.give(order[5], verdict="confirm", by=alice)
    review(plant, order[3], "confirm", erin)
    with tenant_scope(plant.tenant):
        asked = queue.for_person(plant.engagement, frank).exclude(source="gold")
        assert [item.prediction for item in asked] == [order[1], order[2], order[4], order[5]]
        assert figures.accuracy(plant.engagement, plant.champion).n == 2
    assert len(rows) == len(order)


def _lots(seed, number_of, lot=sampling.lot):
    """Lots that are the same in each run of the tests: of a prediction's place, not of its id."""

    def fixed(what, *on):
        return lot(seed, what, next((number_of[pk] for pk in on if pk in number_of), "other"))

    return fixed


def _answer_as_it_is(items, wrong, by):
    """What `services.answer` writes that accuracy is read from, many at once."""
    for item in items:
        Review.objects.create(item=item, **_say(item.prediction_id, wrong, by))


def _say(prediction_id, wrong, by) -> dict:
    """Give the true answer to a prediction, and return what was said."""
    verdict, label = ("correct", "scratch") if prediction_id in wrong else ("confirm", "")
    said = {"verdict": verdict, "label": label, "created_by": by, "created_by_label": by.name}
    Feedback.objects.create(prediction_id=prediction_id, **said)
    return said


def test_everything_is_drawn_once_and_then_there_is_nothing_more(plant):
    for number in range(5):
        plants.predict(plant, seed=number)
    assert len(drawn(plant, 50)) == 5
    with pytest.raises(Conflict, match="nothing to draw"):
        drawn(plant, 50)


def test_a_prediction_whose_input_was_not_kept_is_not_drawn(plant):
    row = plants.predict(plant)
    with tenant_scope(plant.tenant):
        from serving.models import Prediction

        bare = {f.name: getattr(row, f.name) for f in Prediction._meta.fields if f.name != "id"}
        Prediction.objects.create(**bare | {"input_key": ""})
    assert [item.prediction_id for item in drawn(plant, 10)] == [row.pk]


def test_an_answer_is_feedback_and_an_accepted_receipt(plant, erin):
    row = plants.predict(plant, score=0.55)
    drawn(plant, 5)
    made = review(plant, row, "correct", erin, "scratch")
    assert made.feedback.label == "scratch"
    found = receipt(plant, row)
    assert (found.state, found.label, found.is_correction) == ("accepted", "scratch", True)


def test_the_key_of_the_models_own_class_confirms(plant, erin):
    row = plants.predict(plant)
    drawn(plant, 5)
    assert review(plant, row, "correct", erin, "ok").verdict == "confirm"


def test_a_very_sure_model_is_not_corrected_by_one_person_alone(plant, erin, frank):
    row = plants.predict(plant, score=0.99)
    drawn(plant, 5)
    review(plant, row, "correct", erin, "scratch")
    assert (receipt(plant, row).state, receipt(plant, row).why) == ("second_opinion", "sure")
    with tenant_scope(plant.tenant):
        assert not queue.for_person(plant.engagement, erin).filter(prediction=row).exists()
        assert queue.for_person(plant.engagement, frank).filter(prediction=row).exists()
    review(plant, row, "correct", frank, "scratch")
    found = receipt(plant, row)
    assert (found.state, found.label, found.opinions) == ("accepted", "scratch", 2)


def test_where_two_differ_a_third_one_decides(plant, alice, erin, frank, mei):
    row = plants.predict(plant, score=0.99)
    drawn(plant, 5)
    review(plant, row, "correct", erin, "scratch")
    review(plant, row, "confirm", frank)
    assert receipt(plant, row).state == "adjudication"
    with pytest.raises(Conflict):
        review(plant, row, "confirm", erin)
    made = review(plant, row, "correct", alice, "scratch")
    assert made.is_adjudication
    found = receipt(plant, row)
    assert (found.state, found.label, found.is_adjudicated) == ("accepted", "scratch", True)
    with tenant_scope(plant.tenant):
        assert Feedback.objects.current().get(prediction=row).created_by == alice


def test_who_manages_may_decide_even_what_they_have_a_part_in(plant, alice, erin):
    row = plants.predict(plant, score=0.99)
    drawn(plant, 5)
    review(plant, row, "correct", alice, "scratch")
    review(plant, row, "confirm", erin)
    review(plant, row, "correct", alice, "scratch", manages=True)
    assert receipt(plant, row).label == "scratch"


def test_feedback_of_a_program_that_people_doubt_enters_the_queue(plant, alice, erin):
    row = plants.predict(plant)
    with tenant_scope(plant.tenant):
        feedback.give(row, verdict="correct", label="scratch", by=alice)
        feedback.give(row, verdict="confirm", by=erin)
        item = ReviewItem.objects.get(prediction=row)
        assert (item.source, item.probability) == ("feedback", None)
    assert receipt(plant, row).state == "adjudication"


def test_an_undone_answer_is_no_answer(plant, erin):
    row = plants.predict(plant)
    drawn(plant, 5)
    review(plant, row, "correct", erin, "scratch")
    with tenant_scope(plant.tenant):
        services.undo(plant.engagement, by=erin)
        assert not Feedback.objects.current().filter(prediction=row).exists()
        assert queue.for_person(plant.engagement, erin).filter(prediction=row).exists()
        assert not Receipt.objects.filter(prediction=row).exists()
        assert not gates.heard_in_phase(plant.engagement).met
        assert practicals.corrected(plant.engagement, erin) is None
    review(plant, row, "confirm", erin)
    assert receipt(plant, row).label == "ok"
    with tenant_scope(plant.tenant):
        services.undo(plant.engagement, by=erin)
        with pytest.raises(Conflict, match="nothing to undo"):
            services.undo(plant.engagement, by=erin)


def test_an_undone_second_opinion_leaves_the_first(plant, erin, frank):
    row = plants.predict(plant, score=0.99)
    drawn(plant, 5)
    review(plant, row, "correct", erin, "scratch")
    review(plant, row, "confirm", frank)
    with tenant_scope(plant.tenant):
        services.undo(plant.engagement, by=frank)
        assert Feedback.objects.current().get(prediction=row).created_by == erin
    assert receipt(plant, row).state == "second_opinion"


def test_a_skipped_item_is_for_somebody_else(plant, erin, frank):
    row = plants.predict(plant)
    drawn(plant, 5)
    review(plant, row, "skip", erin)
    with tenant_scope(plant.tenant):
        assert not queue.for_person(plant.engagement, erin).filter(prediction=row).exists()
        assert queue.for_person(plant.engagement, frank).filter(prediction=row).exists()


def test_gold_gives_no_feedback_and_tells_how_far_a_reviewer_is_relied_on(plant, erin):
    for number in range(40):
        plants.predict(plant, seed=number)
    drawn(plant, 40)
    with tenant_scope(plant.tenant):
        gold = list(ReviewItem.objects.filter(source="gold"))
        assert len(gold) >= 2
        for item in gold:
            wrong = "scratch" if item.known_label == "ok" else "ok"
            services.answer(item, verdict="correct", label=wrong, by=erin)
        assert not Feedback.objects.exists()
        [found] = trust.of_reviewers()
        assert (found.gold, found.gold_right, found.value) == (len(gold), 0, 0)
        assert found.is_low == (found.interval[1] < 0.9)
        assert Review.objects.filter(is_right=False).count() == len(gold)


def test_an_image_that_was_erased_is_no_gold(plant, erin):
    for number in range(40):
        plants.predict(plant, seed=number)
    drawn(plant, 10)
    with tenant_scope(plant.tenant):
        gold = ReviewItem.objects.filter(source="gold")
        shown = queue.for_person(plant.engagement, erin).filter(source="gold")
        assert gold.exists() and shown.count() == gold.count()
        erasing.mark(Image.objects.all())
        assert not shown.all().exists()
        before = gold.count()
    drawn(plant, 30)
    with tenant_scope(plant.tenant):
        assert gold.all().count() == before


def test_somebody_distrusted_needs_a_second_opinion(plant, erin, monkeypatch):
    row = plants.predict(plant)
    drawn(plant, 5)
    monkeypatch.setattr(trust, "low", lambda people: set(people))
    review(plant, row, "confirm", erin)
    assert (receipt(plant, row).state, receipt(plant, row).why) == ("second_opinion", "trust")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"verdict": "perhaps"}, "Say confirm, correct, reject or skip"),
        ({"verdict": "correct", "label": "rust"}, "one of “ok”, “scratch”"),
        ({"verdict": "confirm", "label": "ok"}, "Only a correction names a label"),
    ],
)
def test_what_makes_no_sense_is_refused(plant, erin, said, words):
    plants.predict(plant)
    [item] = drawn(plant, 5)
    with tenant_scope(plant.tenant), pytest.raises(ValidationError, match=words):
        services.answer(item, by=erin, **said)


def test_a_program_reviews_nothing(plant):
    plants.predict(plant)
    [item] = drawn(plant, 5)
    with tenant_scope(plant.tenant), pytest.raises(ValidationError, match="given by people"):
        services.answer(item, verdict="confirm", by=None)


def test_accuracy_weighs_each_answer_by_how_likely_it_was_drawn(plant, erin):
    for number in range(30):
        plants.predict(plant, seed=number)
    drawn(plant, 30)
    with tenant_scope(plant.tenant):
        items = list(ReviewItem.objects.drawn().order_by("position"))
        for number, item in enumerate(items[:24]):
            verdict = "correct" if number % 4 == 0 else "confirm"
            label = "scratch" if verdict == "correct" else ""
            services.answer(item, verdict=verdict, label=label, by=erin)
        found = figures.accuracy(plant.engagement, plant.champion)
        assert (found.n, found.value) == (24, pytest.approx(0.75))
        ReviewItem.objects.filter(pk=items[0].pk).update(probability=0.25)
        lower = figures.accuracy(plant.engagement, plant.champion)
        assert lower.value == pytest.approx(18 / 27)
        [first, *_rest] = figures.advice(plant.engagement, plant.champion)
        assert first["points"] == 10 and first["more"] > 10
        assert "more to know accuracy to ± 10 points" in figures.in_words(first)


def test_no_accuracy_is_shown_from_few_answers_but_advice_is_given(plant):
    plants.predict(plant)
    drawn(plant, 5)
    with tenant_scope(plant.tenant):
        assert figures.shown(plant.engagement) is None
        assert {one["points"] for one in figures.advice(plant.engagement, plant.champion)} == {
            *figures.POINTS
        }
