"""Going live: every check on one page, and a production alias that moves only while they hold."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from engagements import asks, contracts, gates, production, standing
from engagements.models import Engagement
from lepton.lib.refusals import Conflict
from serving import services as serving
from serving.models import RollbackDrill
from tests import factories
from tests.engagements.candidates import measured
from tests.engagements.test_whole_loop import Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice, in_acme):
    return factories.engagement(acme, alice)


@pytest.fixture
def walked(engagement, alice, mei):
    """Walk up to (not through) a phase: `walked("go_live")`."""

    return lambda until: Walk(engagement, alice, mei).up_to(until)


def page_of(engagement):
    return reverse("engagements:go_live", args=["acme", engagement.pk])


def test_the_page_shows_every_check_long_before_it_is_asked(browse, bob, engagement):
    text = browse(bob).get(page_of(engagement)).content.decode()
    for check in gates.checks_of("go_live"):
        assert str(check.title) in text
    assert "anything may be deployed" in text
    assert "The vendor can act" in text


def test_in_its_phase_the_page_names_what_is_missing_and_then_lets_go(
    browse, mei, engagement, walked
):
    walk = walked("go_live")
    client = browse(mei)
    text = client.get(page_of(engagement)).content.decode()
    assert "3 checks unmet" in text  # load test, drill, signatures
    refused = client.post(
        reverse("engagements:advance", args=["acme", engagement.pk]),
        {"to": "optimisation"},
        follow=True,
    )
    assert "Rollback practised: Nobody has practised it yet." in refused.content.decode()
    walk.go_live()
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}/go-live"
    found = client.get(api).json()
    assert (found["is_now"], found["is_open"], found["live_since"]) == (True, True, None)
    drill = next(c for c in found["checks"] if c["check"] == "serving.rolled_back")
    assert drill["evidence"]["rollback_seconds"] == 0.4
    assert (drill["sides"], drill["guards_production"]) == (["vendor"], True)
    client.post(
        reverse("engagements:advance", args=["acme", engagement.pk]), {"to": "optimisation"}
    )
    assert client.get(api).json()["live_since"]
    text = client.get(page_of(engagement)).content.decode()
    assert "It has gone live in iteration 1" in text
    assert "Signed by Alice, Mei when it went live." in text and "Not signed yet" not in text


def test_who_views_it_as_the_customer_is_not_asked_to_sign(browse, mei, acme, walked):
    walk, client = walked("go_live"), browse(mei)
    sign = reverse("engagements:sign", args=["acme", walk.engagement.pk])
    assert sign in client.get(page_of(walk.engagement)).text
    session = client.session
    session["views_as_customer_of"] = str(acme.pk)
    session.save()
    page = client.get(page_of(walk.engagement)).text
    assert sign not in page and "Mei has not signed" in page


def test_before_the_go_live_anything_may_be_deployed(walked):
    walk = walked("go_live")
    serving.deploy(walk.endpoint, model_version=walk.other, by=walk.mei)


def test_afterwards_a_version_without_a_pass_is_refused_by_name(walked, browse, alice):
    walk = walked("optimisation")
    bad = measured(walk.version, walk.alice, [[5, 5], [5, 5]])
    with pytest.raises(Conflict) as refusal:
        serving.deploy(walk.endpoint, model_version=bad, by=walk.mei)
    assert [one["check"] for one in refusal.value.members["unmet"]] == [production.CANDIDATE]
    answer = browse(alice).post(
        "/api/v1/tenants/acme/endpoints/plates/deployments",
        {"model_version": str(bad.pk)},
        "application/json",
    )
    assert answer.status_code == 409
    assert "It was not judged by the standing contract." in answer.json()["error"]
    good = walk.judged([[960, 40], [40, 960]])
    assert serving.deploy(walk.endpoint, model_version=good, by=walk.mei).model_version == good


def test_an_old_drill_stands_against_a_deployment_until_it_is_practised_again(walked):
    walk = walked("optimisation")
    good = walk.judged([[960, 40], [40, 960]])
    RollbackDrill.objects.update(finished_at=timezone.now() - timedelta(days=200))
    with pytest.raises(Conflict, match="more than 90 days ago"):
        serving.deploy(walk.endpoint, model_version=good, by=walk.mei)
    RollbackDrill.objects.update(finished_at=timezone.now())
    serving.deploy(walk.endpoint, model_version=good, by=walk.mei)


def test_what_guards_production_can_be_waived_by_two_people(walked, browse, mei, alice):
    walk = walked("optimisation")
    bad = measured(walk.version, walk.alice, [[5, 5], [5, 5]])
    engagement = walk.engagement
    offered = browse(mei).get(page_of(engagement)).text
    value = f"{production.CANDIDATE} {bad.pk}"
    assert f'<option value="{value}">{bad} passed under the standing contract' in offered
    ask = reverse("engagements:request_waiver", args=["acme", engagement.pk])
    wanted = {"check": value, "reason": "The line stands still otherwise."}
    asked = browse(mei).post(ask, wanted, follow=True)
    assert "somebody else has to grant it" in asked.content.decode()
    with pytest.raises(Conflict):
        serving.deploy(walk.endpoint, model_version=bad, by=mei)
    standing.refresh(engagement.pk)
    [wanted] = [one for one in asks.asks_for(alice) if one.kind == "waiver.grant"]
    assert asks.sentence(wanted).startswith(f"Grant or leave the waiver of “{bad} passed")
    grant = engagement.waivers.get(check_key=production.CANDIDATE).pk
    grant = reverse("engagements:grant_waiver", args=["acme", engagement.pk, grant])
    page = browse(mei).get(page_of(engagement)).text
    assert grant not in page, "nobody grants their own"
    assert f'value="{value}"' not in page, "it is not offered again"
    assert grant in browse(alice).get(wanted.url).text
    browse(alice).post(grant)
    assert "Waived: Mei asked, Alice granted." in browse(mei).get(page_of(engagement)).text
    serving.deploy(walk.endpoint, model_version=bad, by=mei)


def test_a_waiver_lets_its_own_version_into_production_and_no_other(walked, browse, mei, alice):
    walk = walked("optimisation")
    bad, other = (measured(walk.version, walk.alice, [[5, 5], [5, 5]]) for _number in range(2))
    api = f"/api/v1/tenants/acme/engagements/{walk.engagement.pk}/waivers"

    def ask(**about):
        wanted = {"check": production.CANDIDATE, "reason": "The line stands still.", **about}
        return browse(mei).post(api, wanted, content_type="application/json")

    assert ask().json()["fields"] == {"model_version": ["Name the model version."]}
    assert ask(model_version=str(walk.model.pk)).status_code == 400, "it has passed"
    asked = ask(model_version=str(bad.pk))
    assert asked.json()["model_version"] == str(bad.pk)
    assert ask(model_version=str(bad.pk)).status_code == 409
    browse(alice).post(f"{api}/{asked.json()['id']}/grant")
    with pytest.raises(Conflict):
        serving.deploy(walk.endpoint, model_version=other, by=mei)
    serving.deploy(walk.endpoint, model_version=bad, by=mei)
    assert ask(model_version=str(other.pk)).status_code == 201


def test_rolling_back_is_never_refused(walked):
    walk = walked("optimisation")
    good = walk.judged([[960, 40], [40, 960]])
    serving.mark_live(serving.deploy(walk.endpoint, model_version=good, by=walk.mei).pk)
    contracts.freeze_contract(
        walk.engagement,
        accuracy_target="0.99",
        holdout_sha256="a" * 64,
        deciders=[walk.alice, walk.mei],
        by=walk.mei,
    )
    assert serving.roll_back(walk.endpoint, by=walk.mei).model_version == walk.model


def test_a_template_says_how_old_a_drill_may_be(engagement, mei, browse):
    body = {"name": "Short", "phases": ["poc", "go_live"], "drill_days": 30}
    answer = browse(mei).put("/api/v1/templates/short", body, "application/json")
    assert answer.json()["drill_days"] == 30
    assert engagement.drill_days == 90
    api = "/api/v1/tenants/acme/engagements"
    opened = browse(mei).post(api, {"name": "Short", "template": "short"}, "application/json")
    opened = Engagement.objects.get(pk=opened.json()["id"])
    assert opened.drill_days == 30
    browse(mei).put("/api/v1/templates/short", body | {"drill_days": 365}, "application/json")
    opened.refresh_from_db()
    assert opened.drill_days == 30, "what runs already stays as it is"
    assert (
        browse(mei)
        .put("/api/v1/templates/short", body | {"drill_days": 0}, "application/json")
        .json()["fields"]["drill_days"]
    )


def test_a_plan_without_the_phase_is_never_in_production(browse, bob, engagement):
    type(engagement).objects.filter(pk=engagement.pk).update(phases=["poc", "fine_tuning"])
    assert "hold nothing up" in browse(bob).get(page_of(engagement)).content.decode()
    engagement.refresh_from_db()
    assert production.waivable(engagement) == []
