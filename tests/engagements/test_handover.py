"""Who looks after an engagement: account managers alone, and one hands it over to another."""

import pytest
from django.urls import reverse

from accounts.scoping import tenant_scope
from engagements import asks, standing
from engagements.models import Engagement
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, mei):
    return factories.engagement(acme, mei)


@pytest.fixture
def nils():
    return factories.staff("Nils", "account_manager")


def kept(engagement):
    with tenant_scope(engagement.tenant_id):
        return Engagement.objects.get(pk=engagement.pk).account_manager


def address(engagement):
    return reverse("engagements:hand_over", args=["acme", engagement.pk])


def asked(person, tenant):
    with tenant_scope(tenant):
        return {asks.sentence(one) for one in asks.asks_for(person)}


def test_an_engagement_is_handed_over_on_its_page(browse, acme, mei, nils, engagement):
    overview = reverse("engagements:overview", args=["acme", engagement.pk])
    assert address(engagement) in browse(mei).get(overview).text
    wanted = {"manager": str(nils.pk)}
    page = browse(mei).post(address(engagement), wanted, follow=True).text
    assert "Nils looks after this engagement now." in page
    assert "Mei handed the engagement over to Nils" in page
    assert kept(engagement) == nils
    again = browse(mei).post(address(engagement), wanted, follow=True).text
    assert "Nils looks after it already." in again


def test_the_api_hands_it_over_by_email(browse, mei, nils, alice, engagement):
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}/hand-over"

    def hand(person, to):
        return browse(person).post(api, {"manager": to.email}, "application/json")

    assert hand(alice, nils).status_code == 404
    assert hand(mei, alice).status_code == 400
    assert hand(mei, nils).json()["account_manager"] == "Nils"
    assert hand(mei, nils).status_code == 409


def test_nobody_but_account_managers_hands_over_or_is_given_one(
    browse, mei, alice, nils, engagement
):
    ute = factories.staff("Ute", "ml_engineer")
    wanted = {"manager": str(nils.pk)}
    overview = reverse("engagements:overview", args=["acme", engagement.pk])
    for person, status in ((ute, 403), (alice, 404)):
        assert browse(person).post(address(engagement), wanted).status_code == status
        assert address(engagement) not in browse(person).get(overview).text
    for person in (ute, alice):
        page = browse(mei).post(address(engagement), {"manager": str(person.pk)}, follow=True)
        assert "Choose an account manager." in page.text
    assert kept(engagement) == mei


def test_an_engineer_who_opens_one_does_not_look_after_it(acme):
    ute = factories.staff("Ute", "ml_engineer")
    assert kept(factories.engagement(acme, ute)) is None


def test_what_somebody_who_left_looked_after_is_asked_of_everybody(acme, mei, nils, engagement):
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    assert asked(mei, acme) and not asked(nils, acme)
    mei.is_active = False
    mei.save()
    assert asked(nils, acme)
