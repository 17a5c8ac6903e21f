"""Templates: the vendor's plans that engagements are opened with."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import PlatformAuditEntry
from accounts.scoping import tenant_scope
from engagements import gates, services, templates
from engagements.models import ActionItem, Engagement, EngagementTemplate, Iteration, Milestone
from tests import factories

pytestmark = pytest.mark.django_db
PAGE = "/board/templates/"
FIRST = {
    "key": "images",
    "title": "Send images",
    "phase": "poc",
    "side": "customer",
    "is_private": False,
    "is_required": True,
    "due_days": 7,
    "after": [],
}
THEN = FIRST | {"key": "labels", "title": "Label them", "side": "vendor", "after": ["images"]}
GOAL = {"title": "First model", "phase": "fine_tuning", "due_days": 30, "is_private": False}


def _save(mei, key="short", **changes):
    facts = {"name": "Short", "phases": ["poc", "fine_tuning"], "items": [FIRST, THEN]}
    return templates.save_template(key, **facts | {"milestones": [GOAL]} | changes, by=mei)


def _filled(rows, **form):
    """The template's forms as a browser sends them: `rows` are the items."""
    data = {"name": "Short", "description": "", "phases": ["poc", "fine_tuning"]} | form
    for prefix, these in (("items", rows), ("milestones", [])):
        counts = {"TOTAL_FORMS": len(these), "INITIAL_FORMS": 0}
        data |= {f"{prefix}-{name}": value for name, value in counts.items()}
        for number, row in enumerate(these):
            data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def _row(title, **facts):
    return {"title": title, "phase": "poc", "side": "vendor", "due_days": "3"} | facts


def _template(name="Short"):
    return EngagementTemplate.objects.get(name=name)


def test_an_account_manager_makes_a_template_by_rows(browse, mei):
    rows = [_row("Kick off"), _row(""), _row("Label", after="1", is_required="on")]
    answer = browse(mei).post(f"{PAGE}new/", _filled(rows))
    assert answer.status_code == 302
    made = _template()
    assert (made.key, made.phases) == ("short", ["poc", "fine_tuning"])
    kick_off, label = made.items
    assert label["after"] == [kick_off["key"]] and label["is_required"]
    assert PlatformAuditEntry.objects.filter(verb="template.saved", user=mei).exists()
    assert "Short" in browse(mei).get(PAGE).text
    assert "Kick off" in browse(mei).get(answer["Location"]).text


def test_saving_what_is_shown_changes_nothing(browse, mei):
    made = _save(mei)
    page = browse(mei).get(f"{PAGE}{made.pk}/")
    sent = _as_sent(page.context["filled"])
    assert browse(mei).post(f"{PAGE}{made.pk}/", sent).status_code == 302
    after = _template()
    assert (after.items, after.milestones, after.phases) == (
        made.items,
        made.milestones,
        made.phases,
    )


def _as_sent(filled):
    fields = [*filled.form]
    for rows in (filled.items, filled.milestones):
        fields += [*rows.management_form, *(field for form in rows for field in form)]
    values = {field.html_name: field.value() for field in fields}
    return {name: value for name, value in values.items() if value not in (None, False, "")}


@pytest.mark.parametrize(
    ("rows", "form", "words"),
    [
        ([], {"phases": ["poc"]}, "at least two phases"),
        ([_row("A", phase="go_live")], {}, "in a phase that this template leaves out"),
        ([_row("A", side="customer", is_private="on")], {}, "cannot be private"),
        ([_row("A", after="2"), _row("B", after="1")], {}, "A → B → A"),
        ([_row("A", after="7")], {}, "row 7, which is not there"),
        ([], {"name": ""}, "required"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(browse, mei, rows, form, words):
    answer = browse(mei).post(f"{PAGE}new/", _filled(rows, **form))
    assert answer.status_code == 422 and words in answer.text
    assert not EngagementTemplate.objects.filter(name="Short").exists()


def test_phases_are_kept_in_the_order_of_the_loop(mei):
    made = _save(mei, phases=["deployment", "fine_tuning", "poc"])
    assert made.phases == ["poc", "fine_tuning", "deployment"]


def test_two_templates_of_one_name_have_keys_of_their_own(browse, mei):
    for _time in range(2):
        assert browse(mei).post(f"{PAGE}new/", _filled([])).status_code == 302
    keys = EngagementTemplate.objects.filter(name="Short").values_list("key", flat=True)
    assert set(keys) == {"short", "short-2"}


def test_other_staff_look_and_change_nothing(browse, mei):
    made = _save(mei)
    client = browse(factories.staff("Otto", "operator"))
    assert client.get(PAGE).status_code == 200
    assert "disabled" in client.get(f"{PAGE}{made.pk}/").text
    assert client.get(f"{PAGE}new/").status_code == 403
    assert client.post(f"{PAGE}{made.pk}/", _filled([])).status_code == 403
    assert client.post(f"{PAGE}{made.pk}/retire/").status_code == 403


def test_customers_find_no_templates_page(browse, alice, bob, carol):
    for person in (alice, bob, carol):
        assert browse(person).get(PAGE).status_code == 404


def test_a_retired_template_is_offered_no_longer(browse, acme, alice, mei):
    made = _save(mei)
    listed = browse(alice).get("/api/v1/tenants/acme/templates").json()
    assert "short" in {one["key"] for one in listed}
    browse(mei).post(f"{PAGE}{made.pk}/retire/")
    listed = browse(alice).get("/api/v1/tenants/acme/templates").json()
    assert "short" not in {one["key"] for one in listed}
    assert "Retired" in browse(mei).get(PAGE).text
    answer = browse(alice).post(
        "/api/v1/tenants/acme/engagements",
        {"name": "Line 5", "template": "short"},
        content_type="application/json",
    )
    assert answer.status_code == 400 and answer.json()["fields"]["template"]


def test_an_engagement_opened_with_a_template_starts_with_its_plan(browse, acme, alice, mei):
    made = _save(mei)
    form = {"name": "Line 5", "template": made.pk, "need": "Find cracks.", "classes": "a\nb"}
    form |= {"metric": "accuracy", "target": "90"}
    assert browse(alice).post("/t/acme/open/", form).status_code == 302
    with tenant_scope(acme):
        engagement = Engagement.objects.get()
        assert engagement.phases == ["poc", "fine_tuning"]
        images, labels = ActionItem.objects.order_by("title").reverse()
        assert images.due_on == timezone.localdate() + timedelta(days=7)
        assert list(labels.needs.all()) == [images]
        assert Milestone.objects.get().title == "First model"
        assert Iteration.objects.get().number == 1
        checks = {check.key: check for check in gates.look(engagement).checks}
        assert not checks["engagements.items_done"].met


def test_the_last_phase_of_a_template_leads_round_and_plans_anew(acme, alice, mei):
    made = _save(mei)
    with tenant_scope(acme):
        engagement = services.open_engagement("Line 5", by=alice, template=made)
        for to in ("fine_tuning", "poc"):
            factories.waive_gate(engagement, asking=alice, granting=mei)
            services.advance(engagement, to=to, by=alice)
        assert (engagement.phase, engagement.iteration) == ("poc", 2)
        first, second = Iteration.objects.order_by("number")
        assert first.ended_at and second.ended_at is None
        again = ActionItem.objects.filter(iteration=2)
        assert {item.title for item in again.still_open()} == {"Send images", "Label them"}


def test_a_phase_the_engagement_leaves_out_is_refused(acme, alice, mei):
    made = _save(mei)
    with tenant_scope(acme):
        engagement = services.open_engagement("Line 5", by=alice, template=made)
        factories.waive_gate(engagement, asking=alice, granting=mei)
        services.advance(engagement, to="fine_tuning", by=alice)
        with pytest.raises(ValidationError, match="comes"):
            services.advance(engagement, to="deployment", by=alice)


def test_a_template_changed_later_leaves_engagements_and_plans_only_their_phases(acme, alice, mei):
    made = _save(mei)
    with tenant_scope(acme):
        engagement = services.open_engagement("Line 5", by=alice, template=made)
        later = THEN | {"key": "late", "phase": "go_live", "after": ["images"]}
        phases = ["poc", "fine_tuning", "go_live"]
        _save(mei, phases=phases, items=[FIRST, later])
        engagement.refresh_from_db()
        assert engagement.phases == ["poc", "fine_tuning"]
        templates.plan(engagement, iteration=2, by=alice)
        assert [item.title for item in ActionItem.objects.filter(iteration=2)] == ["Send images"]
