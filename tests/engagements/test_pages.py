"""Pages of engagements: the board, opening a customer, the overview."""

import re

import pytest
from django.urls import reverse

from accounts import system
from accounts.models import AuditEntry, PlatformAuditEntry
from accounts.scoping import tenant_scope
from engagements import services, standing
from engagements.models import Engagement
from tests import factories, world

pytestmark = pytest.mark.django_db
CUSTOMER = {
    "tenant_name": "Nordwerk",
    "slug": "nordwerk",
    "owner_name": "Olga",
    "email": "olga@nordwerk.example",
    "name": "Weld seams",
    "need": "Find bad welds.",
    "classes": "good\nbad\nunclear",
    "metric": "accuracy",
    "target": "92.5",
}


def test_a_member_of_two_tenants_chooses(browse, alice, carol):
    [globex] = system.tenants_of(carol)
    with tenant_scope(globex):
        from accounts.services import add_member

        add_member(alice.email, name="Alice", role="viewer", by=carol)
    page = browse(alice).get("/").text
    assert "Acme Castings" in page and "Globex Health" in page


def test_who_belongs_to_no_tenant_is_told_what_to_do(browse, db):
    from accounts.models import User

    nobody = User.objects.create_user("no@one.example", "a long password", name="Nobody")
    assert "not a member of any organisation" in browse(nobody).get("/").text


def test_customers_have_no_board(browse, alice):
    assert browse(alice).get("/board/").status_code == 404
    assert browse(alice).get("/board/open/").status_code == 404


def test_the_board_shows_every_tenants_engagements_with_their_figures(browse, acme, alice, mei):
    engagement = world.build(acme, alice).engagement
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    page = browse(mei).get("/board/").text
    assert "Surface inspection" in page and "Acme Castings" in page
    assert re.search(r"90\.0%", page) and "n = 40" in page
    assert PlatformAuditEntry.objects.filter(verb="portfolio.opened", user=mei).exists()


def test_the_board_is_narrowed_by_text_phase_and_manager(browse, acme, alice, carol, mei):
    [globex] = system.tenants_of(carol)
    factories.engagement(acme, alice)
    factories.engagement(globex, mei, name="Chest X-ray triage")
    client = browse(mei)

    def shown(query):
        page = client.get(f"/board/?{query}", headers={"HX-Request": "true"}).text
        return {n for n in ("Surface inspection", "Chest X-ray triage") if n in page}

    assert shown("") == {"Surface inspection", "Chest X-ray triage"}
    assert shown("text=globex") == {"Chest X-ray triage"}
    assert shown(f"manager={mei.pk}") == {"Chest X-ray triage"}
    assert shown("phase=poc") == {"Surface inspection", "Chest X-ray triage"}
    assert shown("phase=go_live") == set()
    assert shown("manager=nonsense&phase=nonsense") == {"Surface inspection", "Chest X-ray triage"}


def test_the_board_takes_as_many_queries_for_twenty_engagements_as_for_two(
    browse, acme, alice, mei, django_assert_num_queries, django_assert_max_num_queries
):
    client = browse(mei)
    client.get("/board/")  # the first look of a sitting is audited
    for number in range(2):
        factories.engagement(acme, alice, name=f"Part {number}")
    with django_assert_max_num_queries(25) as few:
        client.get("/board/")
    for number in range(2, 20):
        factories.engagement(acme, alice, name=f"Part {number}")
    with django_assert_num_queries(len(few)):
        board = client.get("/board/").text
        assert board.count('<article class="card">') == 8 and "12 more" in board


def test_a_tenants_list_takes_as_many_queries_for_twenty_engagements_as_for_two(
    browse, acme, alice, django_assert_num_queries, django_assert_max_num_queries
):
    client = browse(alice)
    for number in range(2):
        factories.engagement(acme, alice, name=f"Part {number}")
    with django_assert_max_num_queries(25) as few:
        client.get("/t/acme/")
    for number in range(2, 20):
        factories.engagement(acme, alice, name=f"Part {number}")
    with django_assert_num_queries(len(few)):
        client.get("/t/acme/")


def test_an_account_manager_opens_a_customer_in_one_go(browse, mei, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = browse(mei).post("/board/open/", CUSTOMER).text
    assert "/account/password/reset/key/" in page
    tenant = system.tenant_for(mei, "nordwerk")
    with tenant_scope(tenant):
        engagement = Engagement.objects.get()
        requirement = engagement.requirement
        assert requirement.classes == ["good", "bad", "unclear"]
        assert f"{requirement.target:.3f}" == "0.925"
        assert engagement.account_manager == mei
        assert AuditEntry.objects.filter(verb="member.added", user=mei).exists()


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("slug", "acme", "is taken"),
        ("slug", "Not A Slug", "lower-case letters"),
        ("classes", "only", "at least two classes"),
        ("classes", "good\ngood", "once only"),
        ("classes", "", "This field is required"),
        ("target", "101", "less than or equal to 100"),
        ("email", "mei@vendor.example", "Vendor staff"),
    ],
)
def test_a_customer_is_opened_whole_or_not_at_all(browse, mei, acme, field, value, words):
    answer = browse(mei).post("/board/open/", CUSTOMER | {field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert system.tenant_for(mei, "nordwerk") is None


def test_an_engineer_of_the_vendor_sees_the_board_too(browse, acme, alice):
    factories.engagement(acme, alice)
    engineer = factories.staff("Otto", "ml_engineer")
    assert "Surface inspection" in browse(engineer).get("/board/").text


def test_a_viewer_reads_the_overview_and_may_change_nothing(browse, acme, alice, bob):
    engagement = factories.engagement(acme, alice)
    client, url = browse(bob), _url("overview", engagement)
    page = client.get(url).text
    assert "Find faulty castings" in page and "Move to" not in page
    assert client.post(_url("advance", engagement), {"to": "fine_tuning"}).status_code == 403
    assert client.post(_url("write_requirement", engagement), {}).status_code == 403
    assert client.get("/t/acme/open/").status_code == 403


def test_a_stranger_finds_no_engagement(browse, acme, alice, carol):
    engagement = factories.engagement(acme, alice)
    client = browse(carol)
    for name in ("overview", "timeline", "requirement", "phases"):
        assert client.get(_url(name, engagement)).status_code == 404
        elsewhere = _url(name, engagement).replace("/t/acme/", "/t/globex/")
        assert client.get(elsewhere).status_code == 404


def test_the_overview_asks_the_other_apps_for_their_panels(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    page = browse(alice).get(_url("overview", engagement)).text
    for name in ("training:data_panel", "training:runs_panel", "training:quality_panel"):
        assert f'hx-get="{reverse(name, args=["acme", engagement.pk])}"' in page
    for name in ("serving:endpoint_panel", "feedback:panel"):
        assert f'hx-get="{reverse(name, args=["acme", engagement.pk])}"' in page


def test_moving_on_is_told_on_the_timeline(browse, acme, alice, mei):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        factories.waive_gate(engagement, asking=alice, granting=mei)
    client = browse(alice)
    page = client.post(_url("advance", engagement), {"to": "fine_tuning"}, follow=True).text
    assert "now in the phase “Fine-tuning”" in page
    assert "Alice moved the engagement from PoC to Fine-tuning" in page


def test_no_phase_is_left_out(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    client = browse(alice)
    page = client.post(_url("advance", engagement), {"to": "go_live"}, follow=True).text
    assert "After PoC comes Fine-tuning." in page
    with tenant_scope(acme):
        assert Engagement.objects.get().phase == "poc"


def test_a_red_gate_holds_the_engagement_and_says_why(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    page = browse(alice).post(_url("advance", engagement), {"to": "fine_tuning"}, follow=True).text
    assert "Acceptance contract frozen: No contract is frozen yet." in page
    with tenant_scope(acme):
        assert Engagement.objects.get().phase == "poc"


def test_a_change_of_the_requirement_makes_the_next_version(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    change = {"need": "Find them all.", "classes": "ok, scratch, dent"}
    change |= {"metric": "macro_f1", "target": "95"}
    page = browse(alice).post(_url("write_requirement", engagement), change, follow=True).text
    assert "Version 2 now stands." in page
    assert "Find them all." in page and "Find faulty castings" in page


def test_a_wrong_requirement_comes_back_with_what_was_typed(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    change = {"need": "My words", "classes": "one", "metric": "accuracy", "target": "95"}
    answer = browse(alice).post(_url("write_requirement", engagement), change)
    assert answer.status_code == 422
    assert "My words" in answer.text and "at least two classes" in answer.text


def test_the_timeline_is_paged(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        for number in range(60):
            services.timeline.record(engagement, "run.cancelled", by=alice, number=number)
    client = browse(alice)
    first = client.get(_url("timeline", engagement)).text
    assert "cancelled run 59" in first and "cancelled run 3<" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first).group(1).replace("&amp;", "&")
    assert "opened the engagement" in client.get(older).text


def test_a_made_up_cursor_finds_nothing(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    client = browse(alice)
    assert client.get(_url("timeline", engagement) + "?cursor=nonsense").status_code == 404


def test_many_answers_in_a_row_are_summed_up(browse, acme, alice):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        for _number in range(3):
            services.timeline.record(engagement, "feedback.given", by=alice, verdict="Confirmed")
    page = browse(alice).get(_url("overview", engagement)).text
    assert "Alice gave 3 answers to predictions" in page


def test_an_owner_opens_a_further_engagement(browse, acme, alice):
    factories.engagement(acme, alice)
    second = {name: CUSTOMER[name] for name in ("name", "need", "classes", "metric", "target")}
    client = browse(alice)
    assert client.post("/t/acme/open/", second, follow=True).status_code == 200
    again = client.post("/t/acme/open/", second)
    assert again.status_code == 422
    assert "already has an engagement of this name" in again.text


def test_a_tenant_of_the_vendors_choice_is_open_to_staff(browse, acme, alice, mei):
    engagement = factories.engagement(acme, alice)
    assert browse(mei).get(_url("overview", engagement)).status_code == 200


def _url(name, engagement):
    return reverse(f"engagements:{name}", args=["acme", engagement.pk])
