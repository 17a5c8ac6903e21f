"""Made-up content for the gallery: long work, forms, snippets, what to do when empty."""

from django import forms

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


class SampleFilter(forms.Form):
    """A row of filters."""

    search = forms.CharField(label="Customer or engagement", required=False)
    phase = forms.ChoiceField(label="Phase", choices=[("", "All phases"), ("poc", "PoC")])


def work():
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
        "filter": SampleFilter(),
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
