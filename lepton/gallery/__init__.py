"""The living style guide: every component once, with made-up content; wired only in DEBUG."""

from django.shortcuts import render

from lepton.gallery import samples, work

PHASES = ["PoC", "Fine-tuning", "Deployment", "Monitoring", "Customer training", "Go-live"]
PHASES += ["Optimisation", "Customer feedback", "Data iteration"]


def gallery(request):
    """Show every component, in the states it can have."""
    return render(request, "lepton/gallery.html", context())


def context() -> dict:
    """What the gallery shows."""
    return {**_frame(), **samples.figures(), **samples.lists(), **work.work()}


def _frame():
    pages = [("Overview", "overview"), ("Data", "data"), ("Runs", "runs"), ("Models", "models")]
    pages += [("Endpoint", "endpoint"), ("Feedback", "feedback")]
    tenant_pages = [("Engagements", "engagements"), ("Members", "members"), ("API keys", "key")]
    rail = [{"label": label, "icon": icon, "url": f"#{icon}"} for label, icon in pages]
    rail[2] |= {"current": True, "count": 3}
    return {
        "engagement": {"name": "Surface inspection, line 4"},
        "rail": rail,
        "tenant_rail": [{"label": t, "icon": i, "url": f"#{i}"} for t, i in tenant_pages],
        "breadcrumbs": [
            {"label": "Acme Metals", "url": "#"},
            {"label": "Surface inspection, line 4", "url": "#"},
            {"label": "Gallery"},
        ],
        "iteration": 1,
        "phases": [
            {"label": label, "state": "done" if i < 1 else "current" if i == 1 else "coming"}
            for i, label in enumerate(PHASES)
        ],
        "actions": [
            {"label": "Export", "url": "#", "icon": "download"},
            {"label": "Start a run", "kind": "primary", "icon": "play", "dialog": "start"},
        ],
    }
