"""Facts about what model versions are worth, in the form the pages' components take."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from lepton.lib import charts
from lepton.templatetags.ui import bytes_, interval, percent
from training.runs import files, lineage, searched, shown

LITTLE = 0.01  # a gain below it is not worth the labels


def rows(versions, requirement) -> list[dict]:
    """One row per model version for lists."""
    asked = requirement.metric if requirement else "accuracy"
    return [
        {
            "version": version,
            "metric": shown.metric_of(version.test_evaluation, requirement, asked),
        }
        for version in versions
    ]


def facts(version, requirement, slug) -> dict:
    """What the accuracy page shows."""
    evaluation = version.test_evaluation
    address = reverse("training:model_answers", args=[slug, version.engagement_id, version.pk])
    return {
        "version": version,
        "evaluation": evaluation,
        "requirement": requirement,
        "metrics": metrics(evaluation, requirement),
        "confusion": _confusion(evaluation, version.classes, address) if evaluation else [],
        "wrong": evaluation and sum(not c["right"] and c["n"] for c in _cells(evaluation)),
        "answers_url": address,
        "origin": origin(version),
        "files": [_file(version, name) for name in files.NAMES],
        "weights": (version.meta.get("weights") or {}),
        "parity": parity(version.meta),
        "learning": learning(version.meta),
    }


def metrics(evaluation, requirement) -> list[dict]:
    """The figures of an evaluation, the one with the target first."""
    if evaluation is None:
        return []
    judged = [shown.metric_of(evaluation, requirement, name) for name in shown.JUDGED]
    judged = [metric for metric in judged if metric is not None]
    judged.sort(key=lambda metric: metric["target"] is None)
    means = [("macro_precision", _("Macro precision")), ("macro_recall", _("Macro recall"))]
    note = {"note": _("mean over the classes")}
    return [
        *judged,
        *(shown.figure(evaluation, field, label) | note for field, label in means),
        {
            "label": _("Calibration error"),
            "value": evaluation.ece,
            "note": _("how far confidence is from being right (ECE)"),
            "n": evaluation.n,
            "badge": "frozen",
        },
    ]


def learning(meta) -> dict | None:
    """How accuracy grew with the images and what twice as many would bring, if that was measured.

    `gain` is what twice as many bring over all of today's, `is_little` under one point.
    """
    found = (meta.get("summary") or {}).get("learning_curve")
    if not found:
        return None
    points = [(one["n"], one["accuracy"], one["low"], one["high"]) for one in found["points"]]
    doubled = found["doubled"]
    coming = [points[-1], (doubled["n"], *(doubled[k] for k in ("accuracy", "low", "high")))]
    lines = [
        {"name": _("measured"), "points": points},
        {"name": _("expected"), "points": coming},
    ]
    gain = doubled["accuracy"] - points[-1][1]
    chart = charts.line_chart(lines)
    return {"chart": chart, "doubled": doubled, "gain": gain, "is_little": gain < LITTLE}


def side_by_side(a, b) -> list[dict]:
    """Figures and settings of two model versions, a row each; `differs` where they do."""
    figures = [_figures_in_words(one.test_evaluation) for one in (a, b)]
    settings = [dict(shown.settings_of(one.run)) for one in (a, b)]
    made_from = [{_("Dataset version"): str(one.run.dataset_version)} for one in (a, b)]
    sides = [f | m | s for f, m, s in zip(figures, made_from, settings, strict=True)]
    labels = dict.fromkeys([*sides[0], *sides[1]])
    rows = [{"label": label, **_both(sides, label)} for label in labels]
    return [row | {"differs": row["a"] != row["b"]} for row in rows]


def _both(sides, label) -> dict:
    values = (side.get(label) for side in sides)
    a, b = ("–" if value in (None, "") else value for value in values)
    return {"a": a, "b": b}


def _figures_in_words(evaluation) -> dict:
    found = metrics(evaluation, None)
    return {str(one["label"]): _in_words(one) for one in found}


def _in_words(metric) -> str:
    words = percent(metric["value"])
    return f"{words} ({interval(metric['low'], metric['high'])})" if "low" in metric else words


def origin(version) -> list[tuple]:
    """Where a model version came from, as facts to print."""
    meta, manifest = version.meta, version.run.manifest
    weights, device = meta.get("weights") or {}, meta.get("device") or {}
    facts_ = [
        (_("Network"), version.run.backbone_title),
        (_("Method"), version.get_method_display()),
        (_("Made from"), lineage.names(version)),
        (_("Settings found by"), searched.in_short(version)),
        (_("Started from"), _started(meta)),
        (_("Hash of these weights"), (weights.get("sha256") or "")[:16]),
        (_("Device"), " ".join(filter(None, [device.get("type"), device.get("name")]))),
        (_("Seed"), manifest.get("seed")),
        (_("Code"), _code(manifest)),
        (_("Parity of the export"), parity(meta)),
        (_("Quantised"), quantised(meta)),
    ]
    return [(label, value) for label, value in facts_ if value not in ("", None)]


def _started(meta) -> str:
    """The weights that training began with; an ensemble begins with none of its own."""
    if "ensemble" in meta:
        return ""
    return (meta.get("weights") or {}).get("file") or _("random numbers (no pretrained weights)")


def _code(manifest) -> str:
    revision = manifest.get("code_revision", "")
    return _("not recorded") if revision in ("", "unknown") else revision[:12]


def parity(meta: dict) -> str:
    """How far the exported graph's probabilities are from the trained network's, in words."""
    gap = (meta.get("parity") or {}).get("max_probability_difference")
    return "" if gap is None else _("probabilities differ by at most %s") % f"{gap:.1e}"


def quantised(meta: dict) -> str:
    """What turning the graph to 8-bit integers changed, in words; empty where it was not."""
    found = meta.get("quantised")
    if not found:
        return ""
    words = _("%(before)s to %(after)s; same answer for %(share)s of %(n)s images")
    sizes = {"before": bytes_(found["bytes_before"]), "after": bytes_(found["bytes"])}
    return words % {**sizes, "share": percent(found["agreement"]), "n": found["images"]}


def _file(version, name):
    known = version.meta.get("files", {}).get(name, {})
    return {"name": name, "bytes": known.get("bytes"), "sha256": known.get("sha256", "")}


def _confusion(evaluation, classes, address):
    def url(label, answer):
        return f"{address}?{urlencode({'label': label, 'answer': answer})}"

    return charts.confusion(evaluation.confusion, classes, url)


def _cells(evaluation):
    for i, row in enumerate(evaluation.confusion):
        for j, n in enumerate(row):
            yield {"n": n, "right": i == j}
