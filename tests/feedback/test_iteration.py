"""Data iteration: from accepted corrections to a judged challenger, step by step."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, author
from accounts.scoping import tenant_scope
from engagements import contracts, production, signoffs
from engagements.models import PhaseRecord, TimelineEntry
from feedback import services as feedback
from feedback.iteration import (
    checking,
    claims,
    gathering,
    judging,
    policies,
    services,
    shadows,
    shown,
    slices,
    triggers,
    work,
)
from feedback.models import DataIteration, IterationPolicy, Receipt
from feedback.receipts import words
from lepton.lib import storage
from lepton.lib.refusals import Conflict
from serving import challengers
from serving.models import Challenger, Deployment, RollbackDrill, ShadowAnswer
from tests.feedback import plant as plants
from tests.training.zips import picture, two_classes
from training.datasets import erasing
from training.engine.evaluate import wilson_interval
from training.models import DatasetVersion, Item, Run, VersionItem
from training.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"ok": "ok", "scratch": "scratch"}


@pytest.fixture(autouse=True)
def _weights_lie_there(monkeypatch):
    monkeypatch.setattr(runs, "check_backbone", lambda method, name: None)
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 0)  # there is no data plane to wait for


@pytest.fixture
def plant(acme, alice):
    return plants.build(acme, alice)


@pytest.fixture
def sliced(acme, alice):
    """Every fourth image is from the south; each age is rare."""
    lines = ["file,split,meta.site,meta.age"]
    for place, path in enumerate(two_classes(60)):
        lines.append(f"{path},,{'north' if place % 4 else 'south'},{20 + place}")
    return plants.build(acme, alice, each=60, splits="\n".join(lines))


def correct(plant, row, label="scratch", by=None):
    """An accepted answer to a prediction."""
    with tenant_scope(plant.tenant):
        verdict = {"verdict": "correct", "label": label} if label != row.label else {}
        feedback.give(row, **(verdict or {"verdict": "confirm"}), by=by or plant.by)


def corrected(plant, n, first=900):
    rows = [plants.predict(plant, seed=first + number) for number in range(n)]
    for row in rows:
        correct(plant, row)
    return rows


def started(plant, **more):
    with tenant_scope(plant.tenant):
        return services.start(plant.engagement, by=plant.by, **more)


def set_policy(plant, **changes):
    with tenant_scope(plant.tenant):
        return policies.set_policy(plant.engagement, by=plant.by, **changes)


def trained(plant, answer=GOOD.get, seed=2, **more):
    """Let the run of the newest iteration end with a model."""
    plants.work_until(plant, "training")
    return plants.finish(plants.run_of(plant), answer, seed=seed, **more)


def receipts(plant):
    with tenant_scope(plant.tenant):
        rows = Receipt.objects.select_related("version", "image").order_by("settled_at", "pk")
        return list(rows)


def test_accepted_corrections_become_the_next_version_and_its_run(plant):
    corrected(plant, 3)
    started(plant)
    row = plants.work_until(plant, "training")
    with tenant_scope(plant.tenant):
        version = DatasetVersion.objects.get(pk=row.version_id)
        assert (version.number, version.test_sha256) == (2, plant.version.test_sha256)
        before, after = (
            dict(VersionItem.objects.filter(version=v).values_list("image", "split"))
            for v in (plant.version, version)
        )
        assert before.items() <= after.items()
        new = VersionItem.objects.filter(version=version).exclude(image__in=before)
        assert set(new.values_list("split", "label")) == {("train", "scratch")}
        assert all(
            path.startswith("feedback/scratch/") for path in new.values_list("path", flat=True)
        )
        assert (row.run.method, row.run.backbone) == ("linear_probe", "resnet18")
    found = receipts(plant)
    assert {(one.fate, one.version_id) for one in found} == {("added", version.pk)}


def test_what_lists_show_of_receipts_and_iterations_is_read_with_them(
    plant, django_assert_num_queries
):
    corrected(plant, 2)
    started(plant)
    plants.work_until(plant, "training")
    with tenant_scope(plant.tenant):
        found = list(Receipt.objects.newest_first())
        iterations = list(DataIteration.objects.newest_first())
        with django_assert_num_queries(0):
            assert all(step.text for one in found for step in words.steps(one))
            assert all(one.get_absolute_url() for one in iterations)


def test_triggers_lock_in_the_order_of_who_sets_the_policy(plant):
    policy = set_policy(plant, mode="automatic", least_corrections=1)
    with CaptureQueriesContext(connection) as asked:
        work.consider(policy.pk, plant.tenant.pk)
    locks = [one["sql"] for one in asked if "FOR NO KEY UPDATE" in one["sql"]]
    assert 'OF "engagements_engagement"' in locks[0]
    assert 'OF "feedback_iterationpolicy"' in locks[1]


def test_by_hand_a_winner_waits_and_is_promoted_by_a_person(plant):
    corrected(plant, 2)
    started(plant)
    challenger = trained(plant)
    row = plants.work_until(plant, "decision")
    assert row.judgement["outcome"] == "wins" and row.judgement["p"] < 0.05
    assert row.judgement["holdout_sha256"] == plant.version.test_sha256
    with tenant_scope(plant.tenant):
        assert plant.endpoint.deployments.in_place().model_version == plant.champion
        services.promote(row, by=plant.by)
        assert plant.endpoint.deployments.in_place().model_version == challenger
        kinds = set(TimelineEntry.objects.values_list("kind", flat=True))
        assert {"data_iteration.judged", "data_iteration.promoted", "model.deployed"} <= kinds
        assert AuditEntry.objects.filter(verb="data_iteration.promoted").exists()


def test_automatic_promotes_what_wins_and_every_correction_shows_its_fate(plant):
    set_policy(plant, mode="automatic", least_corrections=2)
    corrected(plant, 2)
    row = plants.work_until(plant, "training")
    assert (row.trigger, row.trigger_words) == ("count", "2 accepted corrections")
    challenger = trained(plant)
    plants.work_until(plant, "checking")
    with tenant_scope(plant.tenant):
        from serving import services as serving

        serving.mark_live(plants.iteration(plant).deployment_id)
    row = plants.work_until(plant, "promoted")
    assert row.ended_at and row.watched_until > timezone.now()
    found = receipts(plant)
    assert {one.model_version_id for one in found} == {challenger.pk}
    assert all(one.answer in GOOD and one.now_right is not None for one in found)


def test_an_image_erased_since_is_neither_asked_again_nor_shown(plant):
    set_policy(plant, mode="automatic", least_corrections=2)
    corrected(plant, 2)
    trained(plant)
    gone, kept = receipts(plant)
    with tenant_scope(plant.tenant):
        erasing.mark([gone.image])
        storage.discard(gone.image.storage_key)
    row = plants.work_until(plant, "checking")
    with tenant_scope(plant.tenant):
        from serving import services as serving

        serving.mark_live(row.deployment_id)
    row = plants.work_until(plant, "promoted")
    assert [bool(one.answer) for one in receipts(plant)] == [False, True]
    with tenant_scope(plant.tenant):
        [part] = shown.card(row)
        assert [shot.key for shot in part.pictures] == ["", kept.image.storage_key]


def test_a_deployment_that_does_not_load_fails_the_iteration_and_says_why(plant):
    set_policy(plant, mode="automatic", least_corrections=1)
    corrected(plant, 1)
    trained(plant)
    row = plants.work_until(plant, "checking")
    with tenant_scope(plant.tenant):
        from serving import services as serving

        serving.mark_failed(row.deployment_id, cause="The graph cannot be opened.")
    row = plants.work_until(plant, "failed")
    assert row.cause == "The graph cannot be opened."


def test_what_does_not_win_is_not_promoted_and_the_data_stays(plant):
    set_policy(plant, mode="automatic", least_corrections=1)
    corrected(plant, 1)
    trained(plant, lambda label: "ok")
    row = plants.work_until(plant, "kept")
    assert row.judgement["outcome"] == "not_better" and "does not answer more" in row.cause
    with tenant_scope(plant.tenant):
        assert plant.endpoint.deployments.count() == 1
        assert DatasetVersion.objects.count() == 2


def test_a_protected_class_may_not_be_lost(plant):
    set_policy(plant, mode="automatic", protected_classes=["ok"], margin="0.9")
    correct(plant, plants.predict(plant), "ok")
    started(plant)
    seen = []

    def answer(label):
        seen.append(label)
        return "scratch" if label == "ok" and seen.count("ok") == 1 else label

    trained(plant, answer)
    row = plants.work_until(plant, "kept")
    assert (row.judgement["outcome"], row.judgement["lost"]) == ("loses_class", ["ok"])
    assert "loses: ok" in row.cause


def test_a_protected_slice_may_not_be_lost(sliced):
    set_policy(sliced, mode="automatic", protected_slices=["site=south"], margin="0.9")
    correct(sliced, plants.predict(sliced))
    started(sliced)
    trained(sliced, _wrong_in_the_south, of=lambda row: row)
    row = plants.work_until(sliced, "kept")
    assert (row.judgement["outcome"], row.judgement["lost"]) == ("loses_class", ["site=south"])
    assert "loses: site=south" in row.cause
    (south,) = row.judgement["slices"]
    assert south["lost"] > south["gained"] == 0 and south["after"] < south["before"]
    with tenant_scope(sliced.tenant):
        held = VersionItem.objects.filter(version=row.version, split="test")
        assert south["n"] == held.filter(meta__site="south").count()
        assert sliced.endpoint.deployments.count() == 1


def _wrong_in_the_south(row):
    wrong = {"ok": "scratch", "scratch": "ok"}
    return wrong[row.label] if row.meta["site"] == "south" else row.label


def test_what_loses_no_protected_slice_is_promoted(sliced):
    set_policy(sliced, mode="automatic", protected_slices=["site=south"])
    correct(sliced, plants.predict(sliced))
    started(sliced)
    trained(sliced)
    row = plants.work_until(sliced, "checking")
    assert row.judgement["outcome"] == "wins" and "class or slice" in judging.in_words(
        row.judgement
    )
    assert [one["label"] for one in row.judgement["slices"]] == ["site=south"]


def test_a_protected_slice_without_any_image_cannot_be_judged_so_nothing_wins(sliced):
    set_policy(sliced, mode="automatic")
    with tenant_scope(sliced.tenant):  # as if it had been there when it was named
        IterationPolicy.objects.update(protected_slices=["site=moon"])
    correct(sliced, plants.predict(sliced))
    started(sliced)
    trained(sliced)
    row = plants.work_until(sliced, "kept")
    assert row.judgement["outcome"] == "unseen_slice" and "site=moon" in row.cause


@pytest.mark.parametrize("named", ["site=moon", "colour=red", "site", "south"])
def test_a_protected_slice_has_to_exist_in_the_holdout(sliced, named):
    with pytest.raises(ValidationError, match="No image of the holdout"):
        set_policy(sliced, protected_slices=["site=south", named])


def test_slices_are_protected_on_the_page_and_by_api_in_the_same_words(sliced, browse, alice):
    client, where = browse(alice), [sliced.tenant.slug, sliced.engagement.pk]
    page = reverse("feedback:data_iteration", args=where)
    assert "site=south" in client.get(page).text and "age=" not in client.get(page).text
    fields = {"mode": "manual", "method": "linear_probe", "least_corrections": 5, "margin": "0"}
    fields |= {"cooldown_hours": 0, "runs_per_day": 2, "watch_days": 7}
    url = reverse("feedback:iteration_policy", args=where)
    assert client.post(url, fields | {"protected_slices": ["site=south"]}).status_code == 302
    api = f"/api/v1/tenants/acme/engagements/{sliced.engagement.pk}/iteration-policy"
    assert client.get(api).json()["protected_slices"] == ["site=south"]
    assert client.post(url, fields | {"protected_slices": ["site=moon"]}).status_code == 422
    bad = client.patch(api, {"protected_slices": ["site=moon"]}, content_type="application/json")
    assert bad.status_code == 400
    assert "No image of the holdout" in bad.json()["fields"]["protected_slices"][0]
    assert client.post(url, fields).status_code == 302  # none is ticked: none is protected
    assert client.get(api).json()["protected_slices"] == []


def test_where_images_have_no_metadata_the_form_offers_no_slices(plant, browse, alice):
    page = reverse("feedback:data_iteration", args=[plant.tenant.slug, plant.engagement.pk])
    assert "Protected slices" not in browse(alice).get(page).text


def test_values_that_are_many_are_not_offered_one_by_one(sliced):
    with tenant_scope(sliced.tenant):
        offered, there = slices.offered(sliced.engagement), slices.of_holdout(sliced.engagement)
    assert set(offered) == {"site=north", "site=south"}
    assert set(offered) < set(there)
    assert any(part.startswith("age=") for part in there)


def test_a_correction_of_a_holdout_image_makes_a_new_holdout_and_restates_scores(plant, mei):
    with tenant_scope(plant.tenant):
        held = VersionItem.objects.filter(version=plant.version, split="test", label="ok").first()
    data = two_classes(40)[held.path]
    row = plants.predict(plant, data, label="ok", score=0.6)
    correct(plant, row)
    assert receipts(plant)[0].why == "holdout"
    correct(plant, row, by=mei)
    started(plant)
    going = plants.work_until(plant, "training")
    with tenant_scope(plant.tenant):
        version = DatasetVersion.objects.get(pk=going.version_id)
        now = VersionItem.objects.get(version=version, image=held.image_id)
        assert (now.label, now.split) == ("scratch", "test")
        assert version.test_sha256 != plant.version.test_sha256
        before = plant.champion.test_evaluation.accuracy
    trained(plant)
    plants.work_until(plant, "decision")
    with tenant_scope(plant.tenant):
        plant.champion.refresh_from_db()
        rows = plant.champion.evaluations.order_by("at")
        old, new = rows
        assert old.accuracy == before and new.dataset_version == version
        assert new.accuracy == pytest.approx(before - 1 / new.n)
    assert receipts(plant)[0].fate == "holdout"


def test_what_shows_the_same_as_a_holdout_image_is_left_out(plant):
    with tenant_scope(plant.tenant):
        held = VersionItem.objects.filter(version=plant.version, split="test", label="ok").first()
    seed = int(held.path.split("/")[1].removesuffix(".png"))
    row = plants.predict(plant, picture(seed, format="BMP", size=(40, 30)), score=0.6)
    other = plants.predict(plant, picture(seed, format="JPEG", quality=95), score=0.6)
    for one in (row, other):
        correct(plant, one)
    corrected(plant, 1)
    started(plant)
    plants.work_until(plant, "training")
    found = {one.prediction_id: one for one in receipts(plant)}
    assert found[other.pk].fate == "left_out" and found[other.pk].reason == "alike"
    with tenant_scope(plant.tenant):
        held_now = VersionItem.objects.filter(version__number=2, split="test").count()
        assert held_now == VersionItem.objects.filter(version__number=1, split="test").count()
        assert Item.objects.filter(path__startswith="feedback/").count() == 1


def test_the_same_picture_twice_is_one_image_and_a_contradiction_is_left_out(plant):
    one, two = (plants.predict(plant, seed=900) for _time in range(2))
    correct(plant, one)
    correct(plant, two)
    three, four = (plants.predict(plant, seed=901) for _time in range(2))
    correct(plant, three)
    correct(plant, four, "ok")
    started(plant)
    plants.work_until(plant, "training")
    fates = {r.prediction_id: (r.fate, r.reason) for r in receipts(plant)}
    assert fates[one.pk] == fates[two.pk] == ("added", "")
    assert fates[three.pk] == fates[four.pk] == ("left_out", "conflict")
    with tenant_scope(plant.tenant):
        assert Item.objects.filter(path__startswith="feedback/").count() == 1


def test_an_image_of_train_is_relabelled_where_it_is(plant):
    with tenant_scope(plant.tenant):
        held = VersionItem.objects.filter(version=plant.version, split="train", label="ok").first()
    row = plants.predict(plant, two_classes(40)[held.path])
    correct(plant, row)
    started(plant)
    plants.work_until(plant, "training")
    assert receipts(plant)[0].fate == "relabelled"
    with tenant_scope(plant.tenant):
        now = VersionItem.objects.get(version__number=2, image=held.image_id)
        assert (now.label, now.split) == ("scratch", "train")


def test_what_is_there_already_makes_no_new_version(plant):
    with tenant_scope(plant.tenant):
        there = VersionItem.objects.filter(version=plant.version, label="ok").first()
    row = plants.predict(plant, two_classes(40)[there.path])
    correct(plant, row, "ok")
    started(plant)
    plants.work_until(plant, "nothing")
    assert receipts(plant)[0].fate == "there"
    with tenant_scope(plant.tenant):
        assert DatasetVersion.objects.count() == 1


def test_a_later_change_of_mind_relabels_in_the_version_after(plant, alice):
    [row] = corrected(plant, 1)
    started(plant)
    trained(plant, lambda label: "ok")
    plants.work_until(plant, "kept")
    correct(plant, row, "ok", by=alice)
    found = receipts(plant)[0]
    assert (found.state, found.label, found.fate) == ("accepted", "ok", "")
    started(plant)
    plants.work_until(plant, "training")
    assert receipts(plant)[0].fate == "relabelled"


@pytest.mark.parametrize("step", ["gathering", "training", "judging"])
def test_a_step_taken_twice_or_broken_off_changes_nothing_twice(plant, step, monkeypatch):
    """Each step is interrupted just before it commits, taken again, and then replayed."""
    set_policy(plant, mode="automatic", least_corrections=99)
    corrected(plant, 2)
    started(plant)
    while (row := plants.iteration(plant)).state != step:
        work.advance(_claim(plant, row))
        if plants.iteration(plant).state == "training":
            plants.finish(plants.run_of(plant), GOOD.get, seed=2)
    claim = _claim(plant, row)

    def dies(*_arguments, **_words):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DataIteration, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            work.STEPS[step](claim)
    assert plants.iteration(plant).state == step
    facts = _counts(plant)
    assert facts["deployments"] == 1 and facts["versions"] == (1 if step == "gathering" else 2)
    work.STEPS[step](claim)
    after = _counts(plant)
    with pytest.raises(claims.Late):
        work.STEPS[step](claim)
    assert _counts(plant) == after
    assert after["versions"] == 2 and after["runs"] == 2
    assert after["deployments"] == (2 if step == "judging" else 1)


def test_a_worker_that_is_late_changes_nothing(plant):
    corrected(plant, 1)
    row = started(plant)
    late = _claim(plant, row)
    _claim(plant, row)
    with pytest.raises(claims.Late):
        gathering.gather(late)
    assert plants.iteration(plant).state == "gathering"


def test_an_unforeseen_error_is_tried_again_and_then_named(plant, monkeypatch):
    corrected(plant, 1)
    started(plant)

    def broken(engagement):
        raise OSError("storage is away")

    monkeypatch.setattr("feedback.iteration.pictures.bring", broken)
    for _attempt in range(5):
        with tenant_scope(plant.tenant):
            DataIteration.objects.update(due_at=timezone.now())
        work.work_off()
    row = plants.iteration(plant)
    assert row.state == "failed" and "broke off several times" in row.cause
    assert {one.fate for one in receipts(plant)} == {""}  # they wait for the next


def test_a_failed_run_fails_the_iteration_with_its_cause(plant):
    corrected(plant, 1)
    started(plant)
    row = plants.work_until(plant, "training")
    with tenant_scope(plant.tenant):
        from engagements import timeline

        Run.objects.filter(pk=row.run_id).update(state="failed", cause="Out of memory.")
        words = {"number": row.run.number, "cause": "Out of memory."}
        timeline.record(plant.engagement, "run.failed", by=None, **words)
    assert plants.work_until(plant, "failed").cause == "Out of memory."


def test_a_promoted_model_that_is_surely_worse_in_use_is_rolled_back(plant, alice):
    set_policy(plant, mode="automatic", least_corrections=2)
    for number in range(24):
        correct(plant, plants.predict(plant, seed=2000 + number), "ok")
    corrected(plant, 2)
    challenger = trained(plant)
    row = plants.work_until(plant, "checking")
    assert row.accuracy_before["n"] == 26 and row.accuracy_before["source"] == "answers"
    with tenant_scope(plant.tenant):
        from serving import services as serving

        serving.mark_live(row.deployment_id)
    plants.work_until(plant, "promoted")
    for number in range(24):
        late = plants.predict(plant, seed=3000 + number, version=challenger)
        correct(plant, late, "scratch" if number % 2 else "ok")
    row = plants.work_until(plant, "demoted")
    assert "accuracy in use is 50.0%" in row.cause
    with tenant_scope(plant.tenant):
        assert plant.endpoint.deployments.in_place().model_version == plant.champion
        assert Deployment.objects.newest_first().first().reason == "rollback"


def in_use(n, right, source="answers"):
    low, high = wilson_interval(right, n)
    return {"value": right / n, "low": low, "high": high, "n": n, "source": source}


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        (in_use(200, 190), in_use(200, 150), True),
        (in_use(22, 20), in_use(40, 28), False),  # 91 % of 22 may well have been 80 %
        (in_use(200, 190), in_use(200, 150, "review"), False),  # two different measures
        (None, in_use(200, 150), False),
        (in_use(200, 190), None, False),
    ],
)
def test_worse_in_use_is_only_what_surely_is_by_the_same_measure(
    monkeypatch, before, after, is_worse
):
    monkeypatch.setattr(work.realised, "accuracy", lambda engagement, version: after)
    row = SimpleNamespace(accuracy_before=before, engagement=None, challenger=None)
    assert bool(work.worse(row)) is is_worse


def test_a_rollback_drill_is_waited_for_and_no_deployment_of_somebody(plant, alice):
    set_policy(plant, mode="automatic", least_corrections=2)
    corrected(plant, 2)
    challenger = trained(plant)
    with tenant_scope(plant.tenant):
        facts = {"endpoint": plant.endpoint, "model_version": plant.champion}
        drill = RollbackDrill.objects.create(practised=plant.champion, **facts, **author(alice))
        due = plants.iteration(plant)
        DataIteration.objects.filter(pk=due.pk).update(due_at=timezone.now())
    work.work_off()
    assert plants.iteration(plant).state == "judging"
    with tenant_scope(plant.tenant):
        RollbackDrill.objects.filter(pk=drill.pk).update(state="succeeded")
        DataIteration.objects.filter(pk=due.pk).update(due_at=timezone.now())
    row = plants.work_until(plant, "checking")
    assert row.challenger == challenger


def test_a_model_deployed_meanwhile_is_not_overrun(plant, alice):
    corrected(plant, 1)
    started(plant)
    challenger = trained(plant)
    row = plants.work_until(plant, "decision")
    with tenant_scope(plant.tenant):
        plants.put_in_place(plant, challenger)
        with pytest.raises(Conflict, match="Another model was deployed meanwhile"):
            services.promote(row, by=alice)
        kept = services.decline(row, reason="It was deployed by hand.", by=alice)
        assert kept.state == "kept"


def test_cool_down_and_budget_hold_up_what_starts_by_itself(plant):
    policy = set_policy(plant, mode="automatic", least_corrections=1, runs_per_day=1)
    corrected(plant, 1)
    trained(plant, lambda label: "ok")
    plants.work_until(plant, "kept")
    corrected(plant, 1, first=1200)
    work.work_off()
    assert plants.iteration(plant).number == 1
    with tenant_scope(plant.tenant):
        held = triggers.blocks(plant.engagement, policy)
        assert [one.is_for_hand for one in held] == [True, False]
        assert "budget of 1 run a day" in held[0].words and "cools down" in held[1].words
        again = IterationPolicy.objects.get()
        assert again.due_at > timezone.now()
        with pytest.raises(Conflict, match="budget"):
            services.start(plant.engagement, by=plant.by)
        DataIteration.objects.update(created_at=timezone.now() - timedelta(hours=25))
        IterationPolicy.objects.update(due_at=timezone.now())
    work.work_off()
    assert plants.iteration(plant).number == 2


def test_what_was_accepted_meanwhile_starts_the_next_one_when_one_ends(plant):
    set_policy(plant, mode="automatic", least_corrections=2, cooldown_hours=0)
    corrected(plant, 2)
    work.work_off()
    plants.work_until(plant, "training")
    corrected(plant, 2, first=950)
    work.work_off()  # it is looked at, and held up
    plants.finish(plants.run_of(plant), lambda label: "ok", seed=2)
    assert plants.work_until(plant, "kept").number == 1
    work.work_off()
    assert plants.iteration(plant).number == 2


def test_a_schedule_starts_it_when_something_waits(plant):
    set_policy(plant, mode="automatic", least_corrections=50, every_days=1)
    corrected(plant, 1)
    work.work_off()
    assert plants.iteration(plant) is None
    with tenant_scope(plant.tenant):
        yesterday = timezone.now() - timedelta(days=1, minutes=1)
        IterationPolicy.objects.update(created_at=yesterday, due_at=timezone.now())
    work.work_off()
    assert plants.iteration(plant).trigger == "schedule"


def test_accuracy_in_use_below_what_the_test_promised_starts_it(plant):
    set_policy(plant, mode="automatic", least_corrections=999)
    corrected(plant, 30)
    with tenant_scope(plant.tenant):
        IterationPolicy.objects.update(due_at=timezone.now())
    work.work_off()
    row = plants.iteration(plant)
    assert row.trigger == "accuracy_drop" and "the test promised" in row.trigger_words


def test_an_app_can_register_a_reason_of_its_own(plant, monkeypatch):
    monkeypatch.setitem(triggers._triggers, "drift", triggers.Trigger("drift", "Drift", _drifts))
    set_policy(plant, mode="automatic", least_corrections=50)
    corrected(plant, 1)
    work.work_off()
    row = plants.iteration(plant)
    assert (row.trigger, row.trigger_words) == ("drift", "the inputs changed")


def _drifts(engagement, policy, since):
    return "the inputs changed"


def test_in_the_shadow_first_a_winner_answers_unseen_and_is_promoted_then(plant):
    set_policy(plant, mode="shadow", least_corrections=1)
    corrected(plant, 1)
    challenger = trained(plant)
    plants.work_until(plant, "shadowing")
    answer_in_the_shadow(plant, shadows.ENOUGH - 1)
    look_again(plant)
    assert plants.iteration(plant).state == "shadowing"
    answer_in_the_shadow(plant, 1, first=600)
    look_again(plant)
    plants.work_until(plant, "checking")
    with tenant_scope(plant.tenant):
        assert plant.endpoint.deployments.in_place().model_version == challenger
        assert Challenger.objects.get().state == "promoted"


def test_a_shadow_that_fails_or_is_stopped_keeps_the_champion(plant, alice):
    set_policy(plant, mode="shadow", least_corrections=1, cooldown_hours=0, runs_per_day=9)
    corrected(plant, 1)
    trained(plant)
    plants.work_until(plant, "shadowing")
    with tenant_scope(plant.tenant):
        challengers.stop(Challenger.objects.get(), by=alice)
    look_again(plant)
    assert "taken out of the shadow" in plants.work_until(plant, "kept").cause
    corrected(plant, 1, first=1300)
    trained(plant, seed=3)
    plants.work_until(plant, "shadowing")
    with tenant_scope(plant.tenant):
        challengers.mark_failed(Challenger.objects.newest_first().first().pk, cause="No graph.")
    look_again(plant)
    assert "failed to answer" in plants.work_until(plant, "kept").cause


def test_an_iteration_that_fails_leaves_nothing_in_the_shadow(plant, monkeypatch):
    set_policy(plant, mode="shadow", least_corrections=1)
    corrected(plant, 1)
    trained(plant)
    plants.work_until(plant, "shadowing")

    def broken(endpoint, version):
        raise OSError("storage is away")

    monkeypatch.setattr(shadows, "look", broken)
    for _attempt in range(5):
        look_again(plant)
    assert plants.iteration(plant).state == "failed"
    with tenant_scope(plant.tenant):
        assert not Challenger.objects.get().is_active


def test_a_protected_class_has_to_exist(plant):
    with pytest.raises(ValidationError, match="is not a class"):
        set_policy(plant, protected_classes=["rust"])


def answer_in_the_shadow(plant, n, first=500):
    for number in range(n):
        row = plants.predict(plant, seed=first + number)
        with tenant_scope(plant.tenant):
            ShadowAnswer.objects.create(
                prediction=row,
                challenger=Challenger.objects.get(),
                model_version=plants.iteration(plant).challenger,
                label="ok",
                score=0.9,
                scores=[0.9, 0.1],
                agrees=True,
                latency_ms=3,
            )


def look_again(plant):
    with tenant_scope(plant.tenant):
        DataIteration.objects.under_way().update(due_at=timezone.now())
    work.work_off()


def test_nothing_starts_without_anything_to_learn_or_twice(plant):
    with pytest.raises(Conflict, match="No accepted answer waits"):
        started(plant)
    corrected(plant, 1)
    started(plant)
    with pytest.raises(Conflict, match="is under way"):
        started(plant)


def test_new_test_images_are_for_people_to_decide_on(plant):
    corrected(plant, 1)
    with tenant_scope(plant.tenant):
        image = plants.predict(plant, seed=1)
        from training.models import Image

        stray = Image.objects.create(
            sha256="f" * 64,
            original_sha256="f" * 64,
            width=9,
            height=9,
            size_bytes=1,
            storage_key=image.input_key,
        )
        Item.objects.create(
            dataset=plant.dataset, image=stray, path="x.png", label="ok", split="test"
        )
    started(plant)
    row = plants.work_until(plant, "failed")
    assert "meant for the test split" in row.cause
    with tenant_scope(plant.tenant):
        assert not Item.objects.filter(path__startswith="feedback/").exists()


def _claim(plant, row):
    with tenant_scope(plant.tenant):
        DataIteration.objects.filter(pk=row.pk).update(due_at=timezone.now())
    return claims.next_claim()


def _counts(plant):
    with tenant_scope(plant.tenant):
        return {
            "versions": DatasetVersion.objects.count(),
            "runs": Run.objects.count(),
            "deployments": Deployment.objects.count(),
            "items": Item.objects.count(),
            "taken": Receipt.objects.exclude(fate="").count(),
        }


def gone_live(plant, mei, target):
    """A signed contract on the holdout that asks for `target`, and the gate of go-live passed."""
    with tenant_scope(plant.tenant):
        contract = contracts.freeze_contract(
            plant.engagement,
            holdout_sha256=plant.version.test_sha256,
            accuracy_target=target,
            deciders=[plant.by, mei],
            by=mei,
        )
        for person in (plant.by, mei):
            signoffs.sign(plant.engagement, "contract", sha256=contract.sha256, by=person)
        left = {"iteration": 1, "phase": "go_live", "to": "optimisation", "checks": []}
        left |= {"entered_at": timezone.now(), "sha256": "0" * 64}
        PhaseRecord.objects.create(engagement=plant.engagement, **left, **author(mei))


@pytest.mark.parametrize(("target", "state"), [("0.5", "checking"), ("0.99", "kept")])
def test_in_production_only_what_passes_the_contract_is_promoted(
    plant, mei, target, state, monkeypatch
):
    monkeypatch.setattr(production, "_keys", [])
    gone_live(plant, mei, target)
    set_policy(plant, mode="automatic", least_corrections=2)
    corrected(plant, 2)
    challenger = trained(plant)
    row = plants.work_until(plant, state)
    with tenant_scope(plant.tenant):
        verdict = plant.engagement.contract.verdicts.get()
        assert verdict.candidate_id == challenger.pk
        passed = state == "checking"
        assert (verdict.outcome == "pass") is passed
        in_place = plant.endpoint.deployments.in_place().model_version
        assert in_place == (challenger if passed else plant.champion)
    assert passed or "standing contract" in row.cause
