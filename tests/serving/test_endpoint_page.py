"""The endpoint in the browser: made, deployed to, rolled back, tried; and what a viewer may not."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.scoping import tenant_scope
from serving import services
from serving.models import Endpoint, Prediction
from tests import factories
from tests.serving import models
from tests.serving.conftest import settled


def url(name, engagement, *more):
    return reverse(f"serving:{name}", args=["acme", engagement.pk, *more])


@pytest.fixture
def engagement(db, acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def endpoint(engagement, acme, alice):
    with tenant_scope(acme):
        return services.create_endpoint(engagement, slug="castings", by=alice)


def version(endpoint, alice, acme, seed=1):
    with tenant_scope(acme):
        return models.model_version(endpoint.engagement, by=alice, seed=seed)


def put_live(endpoint, model_version, alice, acme):
    with tenant_scope(acme):
        deployment = services.deploy(endpoint, model_version=model_version, by=alice)
        services.mark_live(deployment.pk)


def test_alice_makes_the_endpoint_under_the_address_suggested(browse, alice, acme, engagement):
    client = browse(alice)
    page = client.get(url("endpoint", engagement))
    assert page.context["form"]["slug"].value() == "surface-inspection"
    response = client.post(url("create", engagement), {"slug": "castings", "keeps_inputs": "on"})
    assert response.status_code == 302
    with tenant_scope(acme):
        assert Endpoint.objects.get().slug == "castings"
    assert client.get(response.url).status_code == 200


def test_a_bad_address_is_explained_in_the_form(browse, alice, engagement):
    response = browse(alice).post(url("create", engagement), {"slug": "Castings!"})
    assert response.status_code == 422
    assert "lower-case" in response.content.decode()


def test_alice_deploys_and_rolls_back(browse, alice, acme, endpoint):
    one, two = version(endpoint, alice, acme), version(endpoint, alice, acme, seed=2)
    put_live(endpoint, one, alice, acme)
    client, engagement = browse(alice), endpoint.engagement
    page = client.post(url("deploy", engagement), {"model_version": two.pk}, follow=True)
    assert "Model version 2 is being loaded and checked." in page.content.decode()
    with tenant_scope(acme):
        assert endpoint.deployments.in_place().model_version == two
    page = client.post(url("roll_back", engagement), follow=True)
    assert "Model version 1 is being loaded and checked." in page.content.decode()
    with tenant_scope(acme):
        assert endpoint.deployments.in_place().model_version == one


def test_what_cannot_be_done_is_said_on_the_page(browse, alice, acme, endpoint):
    put_live(endpoint, version(endpoint, alice, acme), alice, acme)
    page = browse(alice).post(url("roll_back", endpoint.engagement), follow=True)
    assert "There is nothing to roll back to" in page.content.decode()


def test_a_version_of_another_engagement_cannot_be_chosen(browse, alice, acme, endpoint):
    with tenant_scope(acme):
        other = models.model_version(factories.engagement(acme, alice, "Other"), by=alice)
    data = {"model_version": other.pk}
    page = browse(alice).post(url("deploy", endpoint.engagement), data, follow=True)
    assert "Choose a model version" in page.content.decode()
    with tenant_scope(acme):
        assert not endpoint.deployments.exists()


def test_bob_may_look_but_not_deploy_roll_back_or_try(browse, bob, alice, acme, endpoint):
    put_live(endpoint, version(endpoint, alice, acme), alice, acme)
    client, engagement = browse(bob), endpoint.engagement
    page = client.get(url("endpoint", engagement))
    assert page.status_code == 200
    for name in ("create", "deploy", "roll_back", "try_it"):
        assert client.post(url(name, engagement)).status_code == 403
        assert url(name, engagement) not in page.content.decode()


def test_carol_finds_nothing(browse, carol, endpoint):
    client, engagement = browse(carol), endpoint.engagement
    assert client.get(url("endpoint", engagement)).status_code == 404
    assert client.get(url("endpoint_panel", engagement)).status_code == 404
    for name in ("create", "deploy", "roll_back", "try_it"):
        assert client.post(url(name, engagement)).status_code == 404


def test_fragments_and_panel_are_there_before_and_after_a_deployment(
    browse, alice, acme, engagement, endpoint
):
    client = browse(alice)
    names = ("champion", "try", "bulk", "history", "last_day")
    parts = [url("part", engagement, name) for name in names]
    for address in [*parts, url("endpoint_panel", engagement)]:
        assert client.get(address).status_code == 200
    put_live(endpoint, version(endpoint, alice, acme), alice, acme)
    for address in [*parts, url("endpoint_panel", engagement)]:
        assert client.get(address).status_code == 200
    assert client.get(url("part", engagement, "nothing")).status_code == 404


def test_nothing_can_be_tried_before_something_is_live_and_the_form_waits_for_it(
    browse, alice, acme, endpoint
):
    client, address = browse(alice), url("part", endpoint.engagement, "try")
    before = client.get(address).content.decode()
    assert "disabled" in before and "deploy a model version first" in before
    assert endpoint.topic in before
    put_live(endpoint, version(endpoint, alice, acme), alice, acme)
    after = client.get(address).content.decode()
    assert "disabled" not in after and "data-live" not in after


def test_forms_are_not_replaced_under_the_hand_by_mere_traffic(browse, alice, acme, endpoint):
    put_live(endpoint, version(endpoint, alice, acme), alice, acme)
    client, traffic = browse(alice), f"predictions:{endpoint.pk}"
    for name, listens in (("champion", False), ("history", False), ("last_day", True)):
        fragment = client.get(url("part", endpoint.engagement, name)).content.decode()
        assert (traffic in fragment) is listens


def test_the_panel_of_an_engagement_without_an_endpoint_says_so(browse, alice, engagement):
    page = browse(alice).get(url("endpoint_panel", engagement)).content.decode()
    assert "No endpoint yet" in page


def test_the_day_s_figures_come_from_the_log(browse, alice, acme, endpoint):
    model_version = version(endpoint, alice, acme)
    put_live(endpoint, model_version, alice, acme)
    with tenant_scope(acme):
        for number in range(1, 104):  # the last three were sent in bulk, and waited for all others
            Prediction.objects.create(
                source="api" if number <= 100 else "bulk",
                endpoint=endpoint,
                model_version=model_version,
                label="ok" if number <= 60 else "scratch",
                score=0.9,
                scores=[0.9, 0.1],
                latency_ms=number,
                input_sha256="0" * 64,
            )
    shown = browse(alice).get(url("endpoint", endpoint.engagement)).context["figures"]
    assert [m["text"] for m in shown["metrics"]] == ["103", "50", "95"]  # 50.5, halves to even
    assert [(bar["label"], bar["count"]) for bar in shown["mix"]] == [("ok", 60), ("scratch", 43)]


@pytest.mark.slow
def test_alice_tries_an_image_and_sees_the_answer(
    inference, browse, alice, acme, castings, version_of, settings
):
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    with tenant_scope(acme):
        deployment = services.deploy(castings, model_version=version_of(), by=alice)
    settled(inference, acme, deployment)
    client, address = browse(alice), url("try_it", castings.engagement)
    image = SimpleUploadedFile("a.jpg", models.picture(), "image/jpeg")
    response = client.post(address, {"image": image})
    assert response.status_code == 200
    answer = response.context["answer"]
    assert (
        answer["label"] in models.CLASSES and answer["prediction_id"] in response.content.decode()
    )

    def is_logged():
        with tenant_scope(acme):
            return Prediction.objects.filter(pk=answer["prediction_id"]).exists()

    inference.until(is_logged, seconds=2)
    with tenant_scope(acme):
        row = Prediction.objects.get(pk=answer["prediction_id"])
        assert (row.source, row.user, row.api_key) == ("browser", alice, None)
    text = SimpleUploadedFile("a.jpg", b"a text file named .jpg", "image/jpeg")
    refused = client.post(address, {"image": text})
    assert refused.status_code == 422
    assert "not an image" in refused.content.decode()
    assert client.post(address).status_code == 422


def test_when_the_data_plane_is_away_the_page_says_so(browse, alice, endpoint, settings):
    settings.LEPTON_INFERENCE_BACKEND = "http://127.0.0.1:9"
    image = SimpleUploadedFile("a.jpg", models.picture(), "image/jpeg")
    response = browse(alice).post(url("try_it", endpoint.engagement), {"image": image})
    assert response.status_code == 422
    assert "right now" in response.content.decode()
