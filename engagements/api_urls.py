"""API operations below a tenant."""

from django.urls import path

from engagements import (
    api,
    contract_api,
    desk_api,
    economics_api,
    gate_api,
    golive_views,
    handover_views,
    iteration_views,
    plan_api,
    record_api,
    remind_api,
    requirement_api,
    signoff_api,
)
from engagements.packs import views as pack_views
from engagements.webhooks import urls as webhook_urls

app_name = "engagements_api"
ENGAGEMENT = "engagements/<uuid:engagement>"
urlpatterns = [
    path("engagements", api.engagements, name="engagements"),
    path(ENGAGEMENT, api.engagement, name="engagement"),
    path(f"{ENGAGEMENT}/requirements", api.requirements, name="requirements"),
    path(f"{ENGAGEMENT}/advance", api.advance, name="advance"),
    path(f"{ENGAGEMENT}/hand-over", handover_views.as_json, name="hand_over"),
    path(f"{ENGAGEMENT}/gate", gate_api.gate, name="gate"),
    path(f"{ENGAGEMENT}/go-live", golive_views.read, name="go_live"),
    path(f"{ENGAGEMENT}/packs", pack_views.packs_of, name="packs"),
    path(f"{ENGAGEMENT}/packs/<uuid:pack>", pack_views.pack, name="pack"),
    path(f"{ENGAGEMENT}/waivers", gate_api.waivers, name="waivers"),
    path(f"{ENGAGEMENT}/waivers/<uuid:waiver>/grant", gate_api.grant_waiver, name="grant_waiver"),
    path(f"{ENGAGEMENT}/phase-records", gate_api.phase_records, name="phase_records"),
    path(f"{ENGAGEMENT}/holdouts", contract_api.holdouts, name="holdouts"),
    path(f"{ENGAGEMENT}/contracts", contract_api.contracts_of, name="contracts"),
    path(f"{ENGAGEMENT}/verdicts", contract_api.verdicts, name="verdicts"),
    path(f"{ENGAGEMENT}/statements", signoff_api.statements, name="statements"),
    path(f"{ENGAGEMENT}/statements/remind", remind_api.to_sign, name="remind_to_sign"),
    path(f"{ENGAGEMENT}/signoffs", signoff_api.signoffs, name="signoffs"),
    path(f"{ENGAGEMENT}/signoffs/<uuid:signoff>/revoke", signoff_api.revoke, name="revoke_signoff"),
    path("templates", plan_api.templates, name="templates"),
    path(f"{ENGAGEMENT}/action-items", plan_api.action_items, name="action_items"),
    path(f"{ENGAGEMENT}/action-items/<uuid:item>", plan_api.action_item, name="action_item"),
    path(
        f"{ENGAGEMENT}/action-items/<uuid:item>/done",
        plan_api.action_item_done,
        name="action_item_done",
    ),
    path(
        f"{ENGAGEMENT}/action-items/<uuid:item>/reopen",
        plan_api.action_item_reopen,
        name="action_item_reopen",
    ),
    path(
        f"{ENGAGEMENT}/action-items/<uuid:item>/drop",
        plan_api.action_item_drop,
        name="action_item_drop",
    ),
    path(
        f"{ENGAGEMENT}/action-items/<uuid:item>/remind", remind_api.of_item, name="remind_of_item"
    ),
    path(f"{ENGAGEMENT}/milestones", record_api.milestones, name="milestones"),
    path(
        f"{ENGAGEMENT}/milestones/<uuid:milestone>/reach",
        record_api.milestone_reach,
        name="milestone_reach",
    ),
    path(
        f"{ENGAGEMENT}/milestones/<uuid:milestone>/rate",
        record_api.milestone_rate,
        name="milestone_rate",
    ),
    path(f"{ENGAGEMENT}/documents", record_api.documents, name="documents"),
    path(f"{ENGAGEMENT}/documents/<uuid:document>", record_api.document, name="document"),
    path(f"{ENGAGEMENT}/decisions", record_api.decisions, name="decisions"),
    path(f"{ENGAGEMENT}/iterations", iteration_views.as_json, name="iterations"),
    path(f"{ENGAGEMENT}/economics", economics_api.economics, name="economics"),
    path(f"{ENGAGEMENT}/staff-time", economics_api.staff_times, name="staff_times"),
    path(f"{ENGAGEMENT}/staff-time/<uuid:staff_time>", economics_api.staff_time, name="staff_time"),
    path(f"{ENGAGEMENT}/asks", desk_api.asks_of, name="asks"),
    path(f"{ENGAGEMENT}/health", desk_api.health_of, name="health"),
    path(f"{ENGAGEMENT}/change-requests", requirement_api.change_requests, name="change_requests"),
    path(
        f"{ENGAGEMENT}/change-requests/<uuid:change_request>/accept",
        requirement_api.accept_change,
        name="accept_change",
    ),
    path(
        f"{ENGAGEMENT}/change-requests/<uuid:change_request>/decline",
        requirement_api.decline_change,
        name="decline_change",
    ),
    path(
        f"{ENGAGEMENT}/change-requests/<uuid:change_request>/withdraw",
        requirement_api.withdraw_change,
        name="withdraw_change",
    ),
    path(f"{ENGAGEMENT}/characteristics", requirement_api.characteristics, name="characteristics"),
    path(f"{ENGAGEMENT}/timeline", api.timeline, name="timeline"),
    *webhook_urls.operations,
]
