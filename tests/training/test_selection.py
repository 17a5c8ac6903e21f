"""Model selection: networks measured on this host, a recommendation with its reasons, a choice."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.utils import ProgrammingError
from django.urls import reverse

from accounts.models import AuditEntry, author
from accounts.scoping import tenant_scope
from engagements.models import Requirement
from tests import factories
from tests.training import made_of
from training import measuring, selection
from training.engine import backbones
from training.models import BackboneMeasurement, ModelSelection

pytestmark = pytest.mark.django_db
PRETRAINED = [one for one in backbones.CATALOGUE.values() if one.pretrained]


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def weights(settings, tmp_path):
    """Files by the names of all weights, so that they count as available."""
    settings.LEPTON_WEIGHTS_DIR = tmp_path
    for one in PRETRAINED:
        (tmp_path / one.weights_file).touch()
    return tmp_path


@pytest.fixture
def no_weights(settings, tmp_path):
    settings.LEPTON_WEIGHTS_DIR, settings.LEPTON_DOWNLOAD_WEIGHTS = tmp_path, False


def measured(name, p95_ms, **changes):
    facts = {"host": measuring.host(), "device": "cpu", "runtime": "ONNX Runtime"}
    facts |= {"pretrained": True, "parameters": 1, "multiply_adds": 1, "memory_bytes": 1}
    facts |= {"latency_ms": p95_ms * 0.9, "latency_p95_ms": p95_ms, "images": 30}
    return BackboneMeasurement.objects.create(backbone=name, **facts | changes)


def asked_for(engagement, by, **changes):
    version = engagement.requirement.version + 1 if engagement.requirement else 1
    facts = {"need": "x", "classes": ["ok", "scratch"], "metric": "accuracy", "target": "0.9"}
    facts |= {"engagement": engagement, "version": version, **author(by)}
    return Requirement.objects.create(**facts | changes)


def url_of(name, engagement):
    return reverse(f"training:{name}", args=["acme", engagement.pk])


def api_of(engagement, path):
    return f"/api/v1/tenants/acme/engagements/{engagement.pk}/{path}"


@pytest.mark.parametrize("name", ["lepton_small", "mobilenet_v3_small"])
def test_a_network_is_measured_in_processes_of_its_own(name, capsys, no_weights):
    call_command("measure_backbones", "--backbone", name, "--images", "3")
    row = BackboneMeasurement.objects.get(device="cpu")
    known = backbones.get(name)
    assert (row.backbone, row.images, row.pretrained) == (name, 3, False)
    assert row.parameters == known.parameters
    assert row.multiply_adds / 1e9 == pytest.approx(known.gflops, rel=0.1)
    assert 0 < row.latency_ms <= row.latency_p95_ms
    assert row.memory_bytes > 4 * known.parameters / 2  # at least half of the weights
    assert row.runtime.startswith("ONNX Runtime") and row.host == measuring.host()
    assert f"{name} on cpu" in capsys.readouterr().out


def test_the_command_names_what_it_cannot_do(settings, tmp_path):
    settings.LEPTON_WEIGHTS_DIR = tmp_path
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"no weights")
    with pytest.raises(CommandError, match="resnet18"):
        call_command("measure_backbones", "--backbone", "resnet18", "--images", "3")
    with pytest.raises(CommandError, match="between 1 and 1000"):
        call_command("measure_backbones", "--images", "0")


def test_a_measurement_cannot_be_changed():
    row = measured("resnet18", 50)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        BackboneMeasurement.objects.filter(pk=row.pk).update(latency_ms=1)


def test_what_another_host_measured_says_nothing_of_this_one():
    measured("resnet18", 5, host="Another processor, 96 cores")
    assert measuring.newest() == {}


def test_without_weights_a_small_network_learns_from_scratch(engagement, no_weights, in_acme):
    found = selection.recommend(engagement)
    assert (found["backbone"], found["method"]) == ("lepton_small", "fine_tune")
    assert "trained from scratch" in " ".join(found["reasons"])


def test_few_images_a_class_call_for_a_probe(engagement, alice, weights, in_acme):
    made_of.dataset_version(engagement, alice, {"train": 3, "valid": 1, "test": 1})
    found = selection.recommend(engagement)
    assert (found["backbone"], found["method"]) == ("resnet18", "linear_probe")
    assert found["reasons"][0].startswith("With 3 training images a class (under 50)")
    assert "not measured here yet" in found["reasons"][1] and not found["measured"]


@pytest.mark.parametrize("gpu, method", [(False, "linear_probe"), (True, "fine_tune")])
def test_a_gpu_makes_fine_tuning_worth_it(engagement, alice, weights, in_acme, gpu, method):
    asked_for(engagement, alice, stated_images=400)
    if gpu:
        measured("resnet50", 4, device="cuda:0", host=f"{measuring.host()} · a card")
    found = selection.recommend(engagement)
    assert found["method"] == method
    assert found["backbone"] == ("resnet50" if gpu else "resnet18")


@pytest.mark.parametrize(
    "asked, name",
    [
        ({}, "resnet18"),
        ({"p95_latency_ms": 60}, "resnet18"),
        ({"p95_latency_ms": 30}, "mobilenet_v2"),
        ({"volume_per_day": 5_000_000}, "mobilenet_v3_small"),
        ({"p95_latency_ms": 4}, "mobilenet_v3_small"),
    ],
)
def test_the_targets_of_the_requirement_choose_among_the_networks(
    engagement, alice, weights, in_acme, asked, name
):
    for known, ms in (("resnet18", 50), ("resnet50", 110), ("mobilenet_v2", 12)):
        measured(known, ms)
    measured("mobilenet_v3_small", 3)
    asked_for(engagement, alice, **asked)
    found = selection.recommend(engagement)
    assert found["backbone"] == name and found["measured"]
    said = " ".join(found["reasons"])
    assert "on a core of this host" in said
    assert ("None fits" in said) == (asked == {"p95_latency_ms": 4})
    assert ("ResNet-50" in said) == (not asked)  # offered second only where it fits


def test_the_page_shows_what_was_measured_and_what_was_not(browse, bob, engagement, weights):
    measured("resnet18", 50)
    page = browse(bob).get(url_of("selection", engagement)).text
    assert "45.0 ms, p95 50.0 ms" in page
    assert (
        page.count(' ms <span class="faint">not measured here yet') == len(backbones.CATALOGUE) - 1
    )
    assert "23,508,032" in page  # the catalogue's own figure
    assert "Recommended" in page and "Choose this network" not in page
    assert url_of("selection", engagement) in browse(bob).get(url_of("models", engagement)).text


def test_a_choice_is_noted_and_preselected_in_the_next_run(
    browse, acme, alice, engagement, weights
):
    chosen = {"backbone": "mobilenet_v2", "method": "linear_probe", "reason": "It fits the line."}
    with tenant_scope(acme):
        made_of.dataset_version(engagement, alice)
    client = browse(alice)
    page = client.post(url_of("choose_model", engagement), chosen, follow=True).text
    assert "Chosen: MobileNetV2." in page and "It fits the line." in page
    with tenant_scope(acme):
        row = ModelSelection.objects.get()
        assert (row.iteration, row.recommended["backbone"]) == (1, "resnet18")
        assert engagement.timeline.filter(kind="selection.made").exists()
        assert AuditEntry.objects.filter(verb="selection.made", subject_id=row.pk).exists()
    form = client.get(url_of("start_run", engagement)).text
    assert 'value="mobilenet_v2" checked' in form and "It fits the line." in form


def test_what_cannot_be_trained_is_not_chosen(browse, alice, engagement, weights):
    wanted = {"backbone": "lepton_small", "method": "linear_probe", "reason": "Small."}
    answer = browse(alice).post(url_of("choose_model", engagement), wanted)
    assert answer.status_code == 422 and "nothing to build on" in answer.text
    answer = browse(alice).post(url_of("choose_model", engagement), wanted | {"reason": " "})
    assert answer.status_code == 422


def test_the_whole_of_it_through_the_api(browse, alice, bob, engagement, weights):
    measured("resnet18", 50)
    [one] = [
        one
        for one in browse(bob).get("/api/v1/tenants/acme/catalogue").json()["backbones"]
        if one["measurement"]
    ]
    assert (one["name"], one["measurement"]["latency_p95_ms"]) == ("resnet18", 50)
    found = browse(bob).get(api_of(engagement, "recommendation")).json()
    assert found["backbone"] == "resnet18" and found["reasons"] and found["measured"]
    wanted = {"backbone": "resnet50", "method": "linear_probe", "reason": "The reference."}
    json = {"content_type": "application/json"}
    made = browse(alice).post(api_of(engagement, "selections"), wanted, **json)
    assert made.status_code == 201 and made.json()["recommended"]["backbone"] == "resnet18"
    [listed] = browse(bob).get(api_of(engagement, "selections")).json()["results"]
    assert listed == made.json()
    unknown = browse(alice).post(
        api_of(engagement, "selections"), wanted | {"backbone": "vgg"}, **json
    )
    assert unknown.status_code == 400


def test_a_viewer_cannot_choose_and_a_stranger_finds_nothing(browse, bob, carol, engagement):
    for person, status in ((bob, 403), (carol, 404)):
        client = browse(person)
        assert client.post(url_of("choose_model", engagement)).status_code == status
        answer = client.post(api_of(engagement, "selections"), {}, content_type="application/json")
        assert answer.status_code == status
    assert browse(carol).get(url_of("selection", engagement)).status_code == 404
    assert browse(carol).get(api_of(engagement, "recommendation")).status_code == 404
