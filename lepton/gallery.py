"""The living style guide: every component once, with made-up content; wired only in DEBUG."""

import math
from datetime import timedelta

from django import forms
from django.shortcuts import render
from django.utils import timezone

from lepton.lib import charts, states

PHASES = ["PoC", "Fine-tuning", "Deployment", "Monitoring", "Customer training", "Go-live"]
PHASES += ["Optimisation", "Customer feedback", "Data iteration"]
CURL = """curl -X POST http://localhost:8000/v1/endpoints/acme/surface/predict \\
  -H "Authorization: Bearer lp_live_7Kq2…" \\
  --data-binary @part.jpg"""
PYTHON = """import httpx

answer = httpx.post(
    "http://localhost:8000/v1/endpoints/acme/surface/predict",
    headers={"Authorization": "Bearer lp_live_7Kq2…"},
    content=open("part.jpg", "rb").read(),
)
print(answer.json()["label"])"""


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", help_text="As the customer calls it.")
    method = forms.ChoiceField(
        label="Method", choices=[("probe", "Linear probe"), ("tune", "Fine-tune")]
    )
    epochs = forms.IntegerField(label="Epochs", min_value=1, max_value=100)
    need = forms.CharField(label="Need", widget=forms.Textarea, required=False)
    mirror = forms.BooleanField(label="A mirrored image keeps its class", required=False)
    split = forms.ChoiceField(
        label="Splits",
        choices=[("given", "As given in the zip"), ("seed", "Stratified by seed")],
        widget=forms.RadioSelect,
        initial="given",
        help_text="Test images are never trained on.",
    )


def gallery(request):
    """Show every component, in the states it can have."""
    return render(request, "lepton/gallery.html", context())


def context() -> dict:
    """What the gallery shows."""
    return {**_frame(), **_figures(), **_lists(), **_work()}


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


def _figures():
    loss = [(e, 0.72 * math.exp(-e / 3) + 0.11) for e in range(13)]
    valid = [(e, 0.69 * math.exp(-e / 3.4) + 0.19 + 0.006 * max(0, e - 8)) for e in range(13)]
    weeks = [(w, 0.941 - 0.004 * w, 0.905 - 0.005 * w, 0.967 - 0.003 * w) for w in range(10)]
    labels = ["clean", "crack", "dent", "scratch"]
    matrix = [[118, 0, 1, 1], [2, 57, 0, 4], [0, 1, 44, 3], [3, 5, 0, 71]]
    target = 0.92
    return {
        "metrics": [
            {
                "label": "Accuracy",
                "value": 0.9355,
                "low": 0.9031,
                "high": 0.9576,
                "n": 310,
                "target": target,
                "badge": "frozen",
            },
            {
                "label": "Recall, crack",
                "value": 0.9677,
                "low": 0.9405,
                "high": 0.9827,
                "n": 310,
                "target": target,
                "badge": "frozen",
            },
            {
                "label": "Realised accuracy",
                "value": 0.861,
                "low": 0.812,
                "high": 0.899,
                "n": 1204,
                "target": target,
                "badge": "live",
            },
            {
                "label": "p95 latency",
                "text": "84",
                "unit": "ms",
                "note": "last hour, 2,318 predictions",
            },
        ],
        "loss_chart": charts.line_chart(
            [{"name": "train loss", "points": loss}, {"name": "valid loss", "points": valid}],
            y_range=(0, 0.8),
        ),
        "accuracy_chart": charts.line_chart(
            [{"name": "realised accuracy", "points": weeks}], target=target, y_range=(0.8, 1)
        ),
        "spark": charts.sparkline([p[1] for p in valid]),
        "confusion": charts.confusion(matrix, labels, url=lambda truth, said: f"#{truth}-{said}"),
        "scores": [
            {"label": "crack", "score": 0.912},
            {"label": "scratch", "score": 0.071},
            {"label": "dent", "score": 0.012},
            {"label": "clean", "score": 0.005},
        ],
    }


def _lists():
    now = timezone.now()
    card = {
        "name": "Surface inspection, line 4",
        "url": "#",
        "tenant": "Acme Metals",
        "iteration": 1,
        "metric": {
            "label": "Accuracy",
            "value": 0.9355,
            "low": 0.9031,
            "high": 0.9576,
            "target": 0.92,
        },
        "next": "Start the first run",
        "state": "training",
        "updated_at": now - timedelta(minutes=9),
    }
    other = {
        "name": "Chest X-ray triage",
        "url": "#",
        "tenant": "St. Hilda Hospital",
        "iteration": 2,
        "next": "Waiting for 200 labelled images",
        "state": "blocked",
        "updated_at": now - timedelta(days=3),
    }
    return {
        "states": list(states.LOOKS),
        "columns": [
            {"label": "PoC", "cards": [other]},
            {"label": "Fine-tuning", "cards": [card]},
            {"label": "Deployment", "cards": []},
            {"label": "Monitoring", "cards": [card | {"state": "live"}]},
            {"label": "Go-live", "cards": []},
        ],
        "entries": [
            {
                "text": "Version 3 deployed to surface",
                "icon": "rocket",
                "tone": "good",
                "actor": "Alice",
                "at": now - timedelta(minutes=4),
                "url": "#",
            },
            {
                "text": "Run 12 failed: the GPU ran out of memory",
                "icon": "x-circle",
                "tone": "bad",
                "actor": "Lepton",
                "at": now - timedelta(hours=2),
            },
            {
                "text": "Import accepted 1,204 of 1,217 files",
                "icon": "data",
                "actor": "Alice",
                "at": now - timedelta(days=1),
            },
            {
                "text": "Engagement opened",
                "icon": "flag",
                "tone": "accent",
                "actor": "Mei",
                "at": now - timedelta(days=6),
            },
        ],
        "facts": [
            ("Dataset version", "4, frozen"),
            ("Backbone", "ResNet-50"),
            ("Method", "Linear probe"),
            ("Seed", "20"),
            ("Weights", "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"),
        ],
        "runs": [
            {
                "name": "Run 14",
                "state": "training",
                "method": "Fine-tune",
                "accuracy": None,
                "seconds": 312,
                "at": now - timedelta(minutes=5),
            },
            {
                "name": "Run 13",
                "state": "succeeded",
                "method": "Linear probe",
                "accuracy": 0.9355,
                "low": 0.9031,
                "high": 0.9576,
                "seconds": 49,
                "at": now - timedelta(hours=1),
            },
            {
                "name": "Run 12",
                "state": "failed",
                "method": "Fine-tune",
                "accuracy": None,
                "seconds": 18,
                "at": now - timedelta(hours=2),
            },
            {
                "name": "Run 11",
                "state": "cancelled",
                "method": "Linear probe",
                "accuracy": None,
                "seconds": 4.2,
                "at": now - timedelta(days=2),
            },
        ],
    }


def _work():
    bad = SampleForm({"name": "", "method": "probe", "epochs": "0", "split": "seed"})
    return {
        "progress": {
            "label": "Epoch 5 of 12",
            "done": 5,
            "total": 12,
            "eta_seconds": 134,
            "note": "Best epoch 4 · patience left 3 · 41 images a second",
            "cancel_url": "#",
            "cancel_confirm": "Cancel this run? What it has learned so far is lost.",
        },
        "waiting": {"label": "Reading the zip", "total": None},
        "tabs": [
            {"label": "All", "url": "#", "current": True, "count": 14},
            {"label": "Running", "url": "#", "count": 1},
            {"label": "Failed", "url": "#", "count": 1},
        ],
        "snippets": [{"name": "curl", "code": CURL}, {"name": "Python", "code": PYTHON}],
        "pager": {"text": "1–4 of 14", "older_url": "#"},
        "form": bad,
        "fresh_form": SampleForm(prefix="fresh"),
        "steps": [
            "Put the images of each class into a folder named after the class.",
            "Zip the folders, with train, valid and test above them if you have splits.",
            "Drop the zip here; every file is checked and named in a report.",
        ],
        "empty_actions": [
            {"label": "Upload a zip", "kind": "primary", "icon": "upload", "url": "#"},
            {"label": "Read how", "kind": "quiet", "url": "#"},
        ],
        "icons": [
            "overview",
            "data",
            "runs",
            "models",
            "endpoint",
            "feedback",
            "members",
            "key",
            "audit",
            "engagements",
            "board",
            "target",
            "flag",
            "rocket",
            "gauge",
            "book",
            "refresh",
            "star",
        ],
    }
