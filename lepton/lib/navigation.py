"""The left rail: where one can go from here, built from the address alone."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

ENGAGEMENT_PAGES = [
    ("engagements:overview", _("Overview"), "overview"),
    ("engagements:plan", _("Plan"), "flag"),
    ("engagements:contract", _("Contract"), "shield"),
    ("training:data", _("Data"), "data"),
    ("training:selection", _("Selection"), "target"),
    ("training:runs", _("Runs"), "runs"),
    ("training:models", _("Models"), "models"),
    ("serving:endpoint", _("Endpoint"), "endpoint"),
    ("engagements:go_live", _("Go-live"), "rocket"),
    ("feedback:monitoring", _("Monitoring"), "chart"),
    ("feedback:predictions", _("Feedback"), "feedback"),
    ("feedback:review", _("Review"), "eye"),
    ("feedback:data_iteration", _("Data iteration"), "rollback"),
    ("enablement:catalogue", _("Customer training"), "book"),
    ("feedback:tickets", _("Help"), "ticket"),
    ("engagements:iterations", _("Iterations"), "refresh"),
]
VENDOR_PAGES = [("engagements:economics", _("Economics"), "gauge")]  # others get 404 there
TENANT_PAGES = [
    ("engagements:tenant", _("Engagements"), "engagements"),
    ("accounts:members", _("Members"), "members"),
    ("accounts:keys", _("API keys"), "key"),
    ("engagements:webhooks", _("Webhooks"), "link"),
    ("accounts:audit", _("Audit"), "audit"),
]


def navigation(request):
    """Context processor: the engagement's and the tenant's pages, and for whose eyes."""
    match = request.resolver_match
    tenant = getattr(request, "tenant", None)
    vendor = {"as_vendor": _as_vendor(request)}
    if match is None or tenant is None:
        return {"rail": [], "tenant_rail": [], "tenant": tenant, **vendor}
    engagement = match.kwargs.get("engagement")
    return {
        **vendor,
        "tenant": tenant,
        "rail": _engagement_links(request, tenant, engagement) if engagement else [],
        "tenant_rail": _tenant_links(request, tenant, inside=bool(engagement)),
    }


def _as_vendor(request) -> bool:
    """Whether the page is for the eyes of vendor staff, who do not view it as the customer."""
    staff = getattr(getattr(request, "user", None), "is_vendor_staff", False)
    return staff and not getattr(request, "views_as_customer", False)


def _engagement_links(request, tenant, engagement):
    """The engagement's pages; the vendor's own only for the vendor's eyes."""
    pages = ENGAGEMENT_PAGES + (VENDOR_PAGES if _as_vendor(request) else [])
    return _links(pages, request, tenant.slug, engagement)


def _tenant_links(request, tenant, *, inside):
    """The tenant's pages; inside an engagement one is on none of them."""
    links = _links(TENANT_PAGES, request, tenant.slug)
    return [link | {"current": link["current"] and not inside} for link in links]


def _links(pages, request, *arguments):
    links = [
        {"label": label, "url": reverse(name, args=arguments), "icon": icon}
        for name, label, icon in pages
    ]
    here = max((x["url"] for x in links if request.path.startswith(x["url"])), key=len, default="")
    for link in links:
        link["current"] = link["url"] == here
    return links
