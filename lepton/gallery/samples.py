"""Made-up content for the gallery: figures and lists."""

import math
from datetime import timedelta

from django.utils import timezone

from lepton.lib import charts, states


def figures():
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
        "bars": charts.bars(
            {"clean": [420, 90, 120], "crack": [201, 40, 63], "dent": [150, 31, 48]}
        ),
        "parts": ["train", "valid", "test"],
        "scores": [
            {"label": "crack", "score": 0.912},
            {"label": "scratch", "score": 0.071},
            {"label": "dent", "score": 0.012},
            {"label": "clean", "score": 0.005},
        ],
    }


def lists():
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
