"""Pages."""

from django.urls import path

from engagements import (
    contract_views,
    economics_views,
    gate_views,
    golive_views,
    handover_views,
    iteration_views,
    plan_views,
    remind_views,
    requirement_views,
    template_views,
    views,
)
from engagements.packs import views as pack_views
from engagements.webhooks import urls as webhook_urls

app_name = "engagements"
TENANT = "t/<slug:tenant>/"
ENGAGEMENT = f"{TENANT}e/<uuid:engagement>/"
urlpatterns = [
    path("", views.home, name="home"),
    path("board/", views.board, name="board"),
    path("board/list/", views.engagement_list, name="list"),
    path("board/portfolio/", views.portfolio, name="portfolio"),
    path("board/open/", views.open_customer, name="open_customer"),
    path("board/rates/", economics_views.rate_cards, name="rate_cards"),
    path("board/templates/", template_views.show_all, name="templates"),
    path("board/templates/new/", template_views.create, name="new_template"),
    path("board/templates/<uuid:template>/", template_views.show, name="template"),
    path("board/templates/<uuid:template>/retire/", template_views.retire, name="retire_template"),
    path(TENANT, views.tenant, name="tenant"),
    path(f"{TENANT}next/", views.tenant_next, name="tenant_next"),
    path(f"{TENANT}open/", views.open_engagement, name="open"),
    path(ENGAGEMENT, views.overview, name="overview"),
    path(f"{ENGAGEMENT}hand-over/", handover_views.hand_over, name="hand_over"),
    path(f"{ENGAGEMENT}phases/", views.phases_bar, name="phases"),
    path(f"{ENGAGEMENT}next/", views.next_asks, name="next"),
    path(f"{ENGAGEMENT}loop/", views.loop, name="loop"),
    path(f"{ENGAGEMENT}health/", views.health, name="health"),
    path(f"{ENGAGEMENT}gate/", gate_views.gate, name="gate"),
    path(f"{ENGAGEMENT}gate/waivers/", gate_views.request_waiver, name="request_waiver"),
    path(
        f"{ENGAGEMENT}gate/waivers/<uuid:waiver>/grant/",
        gate_views.grant_waiver,
        name="grant_waiver",
    ),
    path(f"{ENGAGEMENT}gates/", gate_views.passed, name="gates_passed"),
    path(f"{ENGAGEMENT}advance/", gate_views.advance, name="advance"),
    path(f"{ENGAGEMENT}go-live/", golive_views.show, name="go_live"),
    path(f"{ENGAGEMENT}go-live/checks/", golive_views.checks, name="go_live_checks"),
    path(f"{ENGAGEMENT}go-live/packs/generate/", pack_views.generate, name="generate_pack"),
    path(f"{ENGAGEMENT}go-live/packs/<uuid:pack>/", pack_views.show, name="pack"),
    path(
        f"{ENGAGEMENT}go-live/packs/<uuid:pack>/<slug:form>/", pack_views.download, name="pack_file"
    ),
    path(f"{ENGAGEMENT}contract/", contract_views.contract, name="contract"),
    path(f"{ENGAGEMENT}contract/freeze/", contract_views.freeze, name="freeze_contract"),
    path(f"{ENGAGEMENT}contract/judge/", contract_views.judge, name="judge"),
    path(f"{ENGAGEMENT}contract/remind/", remind_views.to_sign, name="remind_to_sign"),
    path(f"{ENGAGEMENT}contract/sign/", contract_views.sign, name="sign"),
    path(
        f"{ENGAGEMENT}signoffs/<uuid:signoff>/revoke/",
        contract_views.revoke_signoff,
        name="revoke_signoff",
    ),
    path(f"{ENGAGEMENT}plan/", plan_views.show, name="plan"),
    path(f"{ENGAGEMENT}plan/items/", plan_views.add_item, name="add_item"),
    path(f"{ENGAGEMENT}plan/items/<uuid:item>/", plan_views.change_item, name="change_item"),
    path(
        f"{ENGAGEMENT}plan/items/<uuid:item>/done/", plan_views.complete_item, name="complete_item"
    ),
    path(f"{ENGAGEMENT}plan/items/<uuid:item>/reopen/", plan_views.reopen_item, name="reopen_item"),
    path(
        f"{ENGAGEMENT}plan/items/<uuid:item>/remind/", remind_views.of_item, name="remind_of_item"
    ),
    path(f"{ENGAGEMENT}plan/items/<uuid:item>/drop/", plan_views.drop_item, name="drop_item"),
    path(f"{ENGAGEMENT}plan/milestones/", plan_views.add_milestone, name="add_milestone"),
    path(
        f"{ENGAGEMENT}plan/milestones/<uuid:milestone>/reach/",
        plan_views.reach_milestone,
        name="reach_milestone",
    ),
    path(f"{ENGAGEMENT}plan/milestones/<uuid:milestone>/rate/", plan_views.rate, name="rate"),
    path(f"{ENGAGEMENT}plan/documents/", plan_views.add_document, name="add_document"),
    path(f"{ENGAGEMENT}plan/documents/<uuid:document>/", plan_views.document, name="document"),
    path(
        f"{ENGAGEMENT}plan/documents/<uuid:document>/remove/",
        plan_views.remove_document,
        name="remove_document",
    ),
    path(f"{ENGAGEMENT}plan/decisions/", plan_views.record_decision, name="record_decision"),
    path(f"{ENGAGEMENT}iterations/", iteration_views.show, name="iterations"),
    path(f"{ENGAGEMENT}economics/", economics_views.show, name="economics"),
    path(f"{ENGAGEMENT}economics/set/", economics_views.set_economics, name="set_economics"),
    path(f"{ENGAGEMENT}economics/csv/", economics_views.as_csv, name="economics_csv"),
    path(f"{ENGAGEMENT}economics/hours/", economics_views.record_hours, name="record_hours"),
    path(
        f"{ENGAGEMENT}economics/hours/<uuid:staff_time>/remove/",
        economics_views.remove_hours,
        name="remove_hours",
    ),
    path(f"{ENGAGEMENT}timeline/", views.timeline, name="timeline"),
    path(f"{ENGAGEMENT}requirement/", requirement_views.requirement, name="requirement"),
    path(
        f"{ENGAGEMENT}requirement/write/",
        requirement_views.write_requirement,
        name="write_requirement",
    ),
    path(
        f"{ENGAGEMENT}requirement/changes/", requirement_views.propose_change, name="propose_change"
    ),
    path(
        f"{ENGAGEMENT}requirement/changes/<uuid:change_request>/accept/",
        requirement_views.accept_change,
        name="accept_change",
    ),
    path(
        f"{ENGAGEMENT}requirement/changes/<uuid:change_request>/decline/",
        requirement_views.decline_change,
        name="decline_change",
    ),
    path(
        f"{ENGAGEMENT}requirement/changes/<uuid:change_request>/withdraw/",
        requirement_views.withdraw_change,
        name="withdraw_change",
    ),
    *webhook_urls.pages,
]
