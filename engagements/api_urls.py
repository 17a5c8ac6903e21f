"""API operations below a tenant."""

from django.urls import path

from engagements import api, contract_api, gate_api, signoff_api

app_name = "engagements_api"
ENGAGEMENT = "engagements/<uuid:engagement>"
urlpatterns = [
    path("engagements", api.engagements, name="engagements"),
    path(ENGAGEMENT, api.engagement, name="engagement"),
    path(f"{ENGAGEMENT}/requirements", api.requirements, name="requirements"),
    path(f"{ENGAGEMENT}/advance", api.advance, name="advance"),
    path(f"{ENGAGEMENT}/gate", gate_api.gate, name="gate"),
    path(f"{ENGAGEMENT}/waivers", gate_api.waivers, name="waivers"),
    path(f"{ENGAGEMENT}/waivers/<uuid:waiver>/grant", gate_api.grant_waiver, name="grant_waiver"),
    path(f"{ENGAGEMENT}/phase-records", gate_api.phase_records, name="phase_records"),
    path(f"{ENGAGEMENT}/holdouts", contract_api.holdouts, name="holdouts"),
    path(f"{ENGAGEMENT}/contracts", contract_api.contracts_of, name="contracts"),
    path(f"{ENGAGEMENT}/verdicts", contract_api.verdicts, name="verdicts"),
    path(f"{ENGAGEMENT}/statements", signoff_api.statements, name="statements"),
    path(f"{ENGAGEMENT}/signoffs", signoff_api.signoffs, name="signoffs"),
    path(f"{ENGAGEMENT}/signoffs/<uuid:signoff>/revoke", signoff_api.revoke, name="revoke_signoff"),
    path(f"{ENGAGEMENT}/timeline", api.timeline, name="timeline"),
]
