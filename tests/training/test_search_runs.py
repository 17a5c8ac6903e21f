"""A search as a run: its trials in rows, taking turns with other tenants, and its page."""

import pytest
from django.db import connection
from django.urls import reverse

from accounts.scoping import tenant_scope
from accounts.system import tenants_of
from tests import factories
from tests.training import made_of
from training import leases, runner
from training.models import ModelVersion, Run, Trial
from training.runs.trials import TrialBook
from training.task_types.image_classification import fine_tune

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = {"over": "fine_tune", "trials": 3, "epochs": 1}


def queue(tenant, by, **changes):
    engagement = factories.engagement(tenant, by)
    return made_of.start(engagement, by, ASKED | changes, method="search")


@pytest.fixture
def run(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    return queue(acme, alice)


def again(run):
    with tenant_scope(run.tenant_id):
        return Run.objects.get(pk=run.pk)


def trials_of(run):
    with tenant_scope(run.tenant_id):
        return list(run.trials.in_order())


def expire(tenant):
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("UPDATE training_run SET lease_expires_at = now() - interval '1 second'")


def test_a_search_ends_with_a_model_version_and_says_why_these_settings(browse, alice, acme, run):
    assert leases.work_off("run", runner.carry_out) == 1
    done = again(run)
    assert (done.state, done.cause) == ("succeeded", ""), done.log_tail
    tried = trials_of(run)
    assert [one.number for one in tried] == [0, 1, 2]
    assert tried[0].params["learning_rate"] == 3e-3  # what suits this network
    with tenant_scope(acme):
        version = ModelVersion.objects.get()
        assert (version.method, version.test_evaluation.n) == ("search", 6)
    assert version.meta["search"]["trials"] == 3
    where = ["acme", done.engagement_id]
    page = browse(alice).get(reverse("training:run", args=[*where, done.pk])).content.decode()
    assert "Why these settings" in page and "Learning rate" in page
    assert "judged on the same 4 images" in page
    assert "Too few trials were finished" in page
    for name in ("model", "card"):
        url = reverse(f"training:{name}", args=[*where, version.pk])
        assert "Settings found by" in browse(alice).get(url).content.decode()


def test_the_api_lists_the_trials_a_page_at_a_time(browse, alice, carol, run):
    leases.work_off("run", runner.carry_out)
    url = f"/api/v1/tenants/acme/runs/{run.pk}/trials"
    first = browse(alice).get(url, {"limit": 2})
    assert [one["number"] for one in first.json()["results"]] == [0, 1]
    assert 'rel="next"' in first["Link"]
    assert first.json()["results"][0]["state"] == "finished"
    assert browse(carol).get(url).status_code == 404


def test_another_tenants_run_waits_for_one_trial_at_most(acme, alice, carol, run):
    (globex,) = tenants_of(carol)
    theirs = queue(globex, carol)
    first = leases.claim("run", "worker")
    assert first.id == run.pk
    runner.carry_out(first)
    waiting = again(run)
    assert (waiting.state, waiting.claimed_by) == ("queued", "")
    assert "other tenants wait" in waiting.log_tail
    assert len(trials_of(run)) == 1
    second = leases.claim("run", "worker")
    assert second.id == theirs.pk
    runner.carry_out(second)
    third = leases.claim("run", "worker")
    assert (third.id, third.crashes) == (run.pk, 0)  # they take turns, and no turn is a crash


def test_turns_do_not_change_what_is_found(acme, alice, carol, run, monkeypatch):
    monkeypatch.setattr(TrialBook, "turn_is_over", lambda self: True)
    for _turn in range(3):
        runner.carry_out(leases.claim("run", "worker"))
    parted = [(one.params, one.loss) for one in trials_of(run)]
    assert again(run).state == "succeeded"
    monkeypatch.undo()
    (globex,) = tenants_of(carol)
    whole = queue(globex, carol)
    leases.work_off("run", runner.carry_out)
    assert [(one.params, one.loss) for one in trials_of(whole)] == parted


def test_a_killed_worker_loses_no_finished_trial(acme, run, monkeypatch):
    tried, fitted = [], fine_tune.fitted

    def killed(work):
        tried.append(work.params.learning_rate)
        if len(tried) == 2:
            raise MemoryError
        return fitted(work)

    monkeypatch.setattr(fine_tune, "fitted", killed)
    with pytest.raises(MemoryError):
        runner.carry_out(leases.claim("run", "first"))
    expire(acme)
    runner.carry_out(leases.claim("run", "second"))
    assert again(run).state == "succeeded"
    assert [one.state for one in trials_of(run)].count("finished") == 3
    assert len(tried) == 5  # the second trial twice, and the training in the end
    assert tried[1] == tried[2]


def test_a_trial_is_fenced_like_everything_a_worker_writes(acme, run):
    first = leases.claim("run", "first")
    expire(acme)
    leases.claim("run", "second")
    from training.task_types import data

    with pytest.raises(leases.LeaseLost):
        TrialBook(first).write(data.Trial(0, {}))
    with tenant_scope(acme):
        assert not Trial.objects.exists()


def test_the_form_offers_the_search_with_its_budget(browse, alice, run, settings):
    settings.LEPTON_DOWNLOAD_WEIGHTS = True
    url = reverse("training:start_run", args=["acme", run.engagement_id])
    page = browse(alice).get(url, {"method": "search"}).content.decode()
    for name in ("over", "across", "trials", "minutes", "epochs"):
        assert f'name="{name}"' in page
    assert "Past 20 to 40 little is gained." in page


def test_a_search_over_probes_needs_a_pretrained_network(browse, alice, run):
    url = f"/api/v1/tenants/acme/engagements/{run.engagement_id}/runs"
    asked = {"dataset_version": str(run.dataset_version_id), "method": "search"}
    asked |= {"backbone": "lepton_small", "params": {"over": "linear_probe"}}
    answer = browse(alice).post(url, asked, content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["backbone"]
    answer = browse(alice).post(url, asked | {"backbone": ""}, content_type="application/json")
    assert list(answer.json()["fields"]) == ["backbone"]
