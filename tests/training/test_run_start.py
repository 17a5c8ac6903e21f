"""Starting and cancelling runs, in the browser and by API, and who may not."""

import re
import uuid

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from accounts.system import tenants_of
from engagements.models import TimelineEntry
from tests import factories
from tests.training import made_of
from training.engine import backbones
from training.models import Run
from training.runs import services

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def version(acme, alice, engagement):
    with tenant_scope(acme):
        return made_of.dataset_version(engagement, alice)


@pytest.fixture
def page(engagement):
    return reverse("training:start_run", args=["acme", engagement.pk])


@pytest.fixture
def api(engagement):
    return f"/api/v1/tenants/acme/engagements/{engagement.pk}/runs"


def wanted(version, **changes):
    asked = {"dataset_version": str(version.pk), "method": "fine_tune", "backbone": "lepton_small"}
    return asked | changes


def runs_of(tenant):
    with tenant_scope(tenant):
        return list(Run.objects.order_by("number"))


def test_an_owner_starts_a_run_in_the_browser(browse, alice, acme, page, version):
    answer = browse(alice).post(page, wanted(version, epochs="3"))
    (run,) = runs_of(acme)
    assert answer.status_code == 302
    assert answer.url == reverse("training:run", args=["acme", run.engagement_id, run.pk])
    assert (run.number, run.state, run.created_by) == (1, "queued", alice)
    assert (run.params["epochs"], run.params["backbone"]) == (3, "lepton_small")
    # what suits this network, since nothing was given
    assert run.params["patience"] == backbones.get("lepton_small").defaults["patience"]
    with tenant_scope(acme):
        assert TimelineEntry.objects.filter(kind="run.queued").count() == 1
        assert AuditEntry.objects.filter(verb="run.queued", subject_id=run.pk).exists()
    shown = browse(alice).get(answer.url)
    assert "Run 1" in shown.content.decode()
    assert "Waiting for a worker" in shown.content.decode()


def test_a_worker_is_woken_once_the_run_is_committed(
    browse, alice, page, version, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr("lepton.lib.wake.wake", lambda task: woken.append(task.name))
    with django_capture_on_commit_callbacks(execute=True):
        browse(alice).post(page, wanted(version))
    assert woken == ["training.tasks.wake_runs"]


def test_a_viewer_cannot_start_a_run(browse, bob, acme, page, version, api):
    assert browse(bob).get(page).status_code == 403
    assert browse(bob).post(page, wanted(version)).status_code == 403
    answer = browse(bob).post(api, wanted(version), content_type="application/json")
    assert answer.status_code == 403
    assert runs_of(acme) == []


def test_a_viewer_sees_runs_and_no_button(browse, bob, alice, acme, engagement, version):
    run = start(engagement, version, alice)
    for name, arguments in [("runs", []), ("run", [run.pk]), ("runs_panel", [])]:
        url = reverse(f"training:{name}", args=["acme", engagement.pk, *arguments])
        seen = browse(bob).get(url)
        assert seen.status_code == 200
        assert "<form" not in _main(seen)
        assert reverse("training:start_run", args=["acme", engagement.pk]) not in _main(seen)
        assert "<form" in _main(browse(alice).get(url)) or name != "run"


def test_a_stranger_finds_nothing(browse, carol, alice, engagement, version, page, api):
    run = start(engagement, version, alice)
    client = browse(carol)
    for url in (page, api, reverse("training:run", args=["acme", engagement.pk, run.pk])):
        assert client.get(url).status_code == 404
    foreign = f"/api/v1/tenants/globex/runs/{run.pk}"
    assert client.get(foreign).status_code == 404
    assert client.post(f"{foreign}/cancel").status_code == 404


def test_a_foreign_dataset_version_is_refused_like_one_that_does_not_exist(
    browse, alice, carol, acme, page, api, version
):
    (globex,) = tenants_of(carol)
    theirs = factories.engagement(globex, carol)
    with tenant_scope(globex):
        foreign = made_of.dataset_version(theirs, carol)
    client = browse(alice)
    refusals = []
    for pk in (foreign.pk, uuid.uuid4()):
        asked = wanted(version, dataset_version=str(pk))
        assert client.post(page, asked).status_code == 422
        answer = client.post(api, asked, content_type="application/json")
        assert answer.status_code == 400
        refusals.append(answer.json())
    assert refusals[0] == refusals[1]
    assert list(refusals[0]["fields"]) == ["dataset_version"]
    assert runs_of(acme) == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"epoch": 3}, "epoch"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "epochs"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"augmentation": "wild"}, "augmentation"),
    ],
)
def test_a_setting_that_is_unknown_or_wrong_is_named(
    browse, alice, acme, api, version, params, field
):
    asked = wanted(version, params=params)
    answer = browse(alice).post(api, asked, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["fields"]) == [field]
    assert field in answer.json()["error"]
    assert runs_of(acme) == []


def test_an_unknown_field_of_the_request_is_named(browse, alice, api, version):
    asked = wanted(version, colour="red")
    answer = browse(alice).post(api, asked, content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["colour"]


def test_missing_weights_are_refused_with_file_and_folder(
    browse, alice, acme, page, version, settings, tmp_path
):
    settings.LEPTON_WEIGHTS_DIR = tmp_path / "weights"
    asked = wanted(version, method="linear_probe", backbone="resnet18")
    answer = browse(alice).post(page, asked)
    assert answer.status_code == 422
    (text,) = answer.context["form"].errors["backbone"]
    assert "resnet18-f37072fd.pth" in text
    assert str(tmp_path / "weights") in text
    assert runs_of(acme) == []


def test_a_probe_needs_a_pretrained_network(browse, alice, acme, page, version):
    answer = browse(alice).post(page, wanted(version, method="linear_probe"))
    assert answer.status_code == 422
    assert "no pretrained weights" in answer.context["form"].errors["backbone"][0]
    assert runs_of(acme) == []


@pytest.mark.parametrize(
    ("per_class", "said"),
    [
        ({"train": 6, "valid": 2}, "no test images"),
        ({"train": 1, "valid": 2, "test": 2}, "has 1 training images"),
    ],
)
def test_data_that_cannot_give_a_figure_is_refused(
    browse, alice, acme, engagement, page, per_class, said
):
    with tenant_scope(acme):
        poor = made_of.dataset_version(engagement, alice, per_class=per_class)
    answer = browse(alice).post(page, wanted(poor))
    assert answer.status_code == 422
    assert said in answer.context["form"].errors["dataset_version"][0]
    assert runs_of(acme) == []


def test_the_form_offers_the_settings_of_the_method(browse, alice, page, version, settings):
    settings.LEPTON_DOWNLOAD_WEIGHTS = True
    probe = browse(alice).get(page, {"method": "linear_probe"}).content.decode()
    tune = browse(alice).get(page, {"method": "fine_tune"}).content.decode()
    assert 'name="l2"' in probe
    assert 'name="learning_rate"' not in probe
    assert 'name="learning_rate"' in tune


def test_without_a_frozen_version_the_page_says_what_to_do_first(browse, alice, engagement, page):
    for url in (page, reverse("training:runs", args=["acme", engagement.pk])):
        shown = browse(alice).get(url).content.decode()
        assert "There is nothing to train on yet" in shown
        assert reverse("training:data", args=["acme", engagement.pk]) in shown


def test_a_run_that_waits_is_cancelled_at_once(browse, alice, acme, engagement, version):
    run = start(engagement, version, alice)
    url = reverse("training:cancel_run", args=["acme", engagement.pk, run.pk])
    assert browse(alice).post(url).status_code == 302
    (cancelled,) = runs_of(acme)
    assert cancelled.state == "cancelled"
    assert cancelled.finished_at
    again = browse(alice).post(f"/api/v1/tenants/acme/runs/{run.pk}/cancel")
    assert again.status_code == 400
    assert "already ended" in again.json()["error"]
    with tenant_scope(acme):
        assert TimelineEntry.objects.filter(kind="run.cancelled").count() == 1


def test_a_viewer_cannot_cancel_a_run(browse, bob, alice, acme, engagement, version):
    run = start(engagement, version, alice)
    url = reverse("training:cancel_run", args=["acme", engagement.pk, run.pk])
    assert browse(bob).post(url).status_code == 403
    assert browse(bob).post(f"/api/v1/tenants/acme/runs/{run.pk}/cancel").status_code == 403
    assert runs_of(acme)[0].state == "queued"


def test_an_api_key_starts_a_run_only_with_its_scope(client, alice, acme, api, version):
    for scope, status in (("view", 403), ("run", 201)):
        key = factories.api_key(acme, alice, scope)
        headers = {"Authorization": f"Bearer {key}"}
        asked = wanted(version)
        answer = client.post(api, asked, content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.content
    body = answer.json()
    assert (body["number"], body["state"]) == (1, "queued")
    assert body["created_by_label"].startswith("API key")


def test_runs_are_listed_by_api_newest_first(browse, alice, engagement, version, api):
    for _run in range(3):
        start(engagement, version, alice)
    client = browse(alice)
    first = client.get(api, {"limit": 2})
    assert [run["number"] for run in first.json()["results"]] == [3, 2]
    rest = client.get(first.json()["next"])
    assert [run["number"] for run in rest.json()["results"]] == [1]
    one = client.get(f"/api/v1/tenants/acme/runs/{rest.json()['results'][0]['id']}")
    assert one.json()["params"]["epochs"] == backbones.get("lepton_small").defaults["epochs"]
    epochs = client.get(f"/api/v1/tenants/acme/runs/{one.json()['id']}/epochs")
    assert epochs.json()["results"] == []


def test_the_catalogue_names_methods_settings_and_networks(browse, bob):
    found = browse(bob).get("/api/v1/tenants/acme/catalogue").json()
    methods = {method["name"]: method for method in found["methods"]}
    names = {setting["name"] for setting in methods["fine_tune"]["settings"]}
    assert {"epochs", "learning_rate", "seed"} <= names
    assert "resnet50" in {one["name"] for one in found["backbones"]}


def test_the_number_of_queries_does_not_grow_with_the_runs(
    browse, alice, engagement, version, django_assert_max_num_queries
):
    url = reverse("training:runs", args=["acme", engagement.pk])
    start(engagement, version, alice)
    client = browse(alice)
    client.get(url)
    for _run in range(5):
        start(engagement, version, alice)
    with django_assert_max_num_queries(16):
        assert client.get(url).content.decode().count("row-target") == 6


def start(engagement, version, by):
    with tenant_scope(engagement.tenant_id):
        return services.start_run(
            engagement, dataset_version=version, method="fine_tune", backbone="lepton_small", by=by
        )


def _main(response):
    page = response.content.decode()
    return page[page.find("<main") :].split("</main>")[0]


def radio(page, name, value):
    """The tag of one choice of the form."""
    return next(
        t
        for t in re.findall(f'<input type="radio" name="{name}"[^>]*>', page)
        if f'value="{value}"' in t
    )


def test_what_needs_weights_cannot_be_chosen_on_a_server_that_has_none(
    browse, alice, page, version, settings, tmp_path
):
    settings.LEPTON_WEIGHTS_DIR = tmp_path
    shown = browse(alice).get(page, {"method": "linear_probe", "backbone": "resnet18"})
    html = shown.content.decode()
    assert "disabled" in radio(html, "method", "linear_probe")
    assert "disabled" in radio(html, "backbone", "resnet18")
    assert radio(html, "method", "fine_tune").endswith('value="fine_tune" checked>')
    assert radio(html, "backbone", "lepton_small").endswith('value="lepton_small" checked>')
    assert backbones.get("resnet18").weights_file in html and str(tmp_path) in html


def test_a_probe_preselects_a_network_it_can_build_on(
    browse, alice, page, version, settings, tmp_path
):
    settings.LEPTON_WEIGHTS_DIR = tmp_path
    settings.LEPTON_DOWNLOAD_WEIGHTS = True
    shown = browse(alice).get(page, {"method": "linear_probe", "backbone": "lepton_small"})
    html = shown.content.decode()
    assert "disabled" in radio(html, "backbone", "lepton_small")
    assert "checked" in radio(html, "backbone", "resnet18")
