"""The stations of the model and of its use: runs, versions, deployments, answers, feedback."""

from django.utils.translation import gettext as _

from feedback import predictions
from feedback.models import Feedback
from feedback.trace.parts import SHOWN, Station, Stop
from lepton.templatetags.ui import percent
from training.models import ModelApproval


def made(reach) -> list[Station]:
    """The runs, what they made, and who let it go to production."""
    return [_runs(reach), _models(reach), _approvals(reach)]


def used(reach) -> list[Station]:
    """Where it was put in place, what it answered, and what people said of that."""
    return [_deployments(reach), _predictions(reach), _feedback(reach)]


def _runs(reach):
    rows = reach.runs.select_related("tenant").order_by("-created_at")
    stops = [
        Stop(
            one.pk,
            str(one),
            one.created_at,
            one.created_by_label,
            one.get_absolute_url(),
            one.state,
            facts=_run_facts(one),
            is_subject=one == reach.subject,
        )
        for one in rows[:SHOWN]
    ]
    nothing = _("Nothing was trained on it.")
    return Station("runs", _("Runs"), "runs", reach.runs.count(), stops, nothing)


def _run_facts(run):
    """What it was trained with, and what its manifest names to reproduce it."""
    facts = [
        ("method", _("Method"), run.get_method_display()),
        ("backbone", _("Network"), run.backbone_title),
        ("seed", _("Seed"), run.manifest.get("seed")),
        ("code_revision", _("Code"), run.manifest.get("code_revision")),
    ]
    return [fact for fact in facts if fact[2] not in (None, "")]


def _models(reach):
    rows = reach.models.select_related("tenant", "run").prefetch_related("evaluations")
    stops = [
        Stop(
            one.pk,
            str(one),
            one.created_at,
            one.run.created_by_label,
            one.get_absolute_url(),
            facts=_model_facts(one),
            is_subject=one == reach.subject,
        )
        for one in rows.order_by("-created_at")[:SHOWN]
    ]
    nothing = _("No model version came of it.")
    n = reach.models.count()
    return Station("model_versions", _("Model versions"), "models", n, stops, nothing)


def _model_facts(model):
    test = model.test_evaluation
    known = model.meta.get("files", {}).get("model.onnx", {})
    facts = []
    if test:
        words = _("%(value)s (%(low)s to %(high)s, n = %(n)s)") % {
            "value": percent(test.accuracy),
            "low": percent(test.accuracy_low),
            "high": percent(test.accuracy_high),
            "n": test.n,
        }
        facts.append(("accuracy", _("Accuracy on the test split"), words))
    return facts + ([("sha256", "sha256", known["sha256"])] if known.get("sha256") else [])


def _approvals(reach):
    rows = ModelApproval.objects.filter(model_version__in=reach.models.values("pk"))
    stops = [
        Stop(
            one.pk,
            str(one.model_version),
            one.created_at,
            one.created_by_label,
            state=one.decision,
            facts=[("reason", _("Reason"), one.reason)],
        )
        for one in rows.select_related("model_version").order_by("-created_at")[:SHOWN]
    ]
    nothing = _("No ML engineer has decided yet.")
    return Station("approvals", _("Approvals"), "shield", rows.count(), stops, nothing)


def _deployments(reach):
    rows = reach.deployments.select_related("endpoint__tenant", "model_version")
    stops = [
        Stop(
            one.pk,
            _("%(endpoint)s, number %(number)s")
            % {"endpoint": one.endpoint.slug, "number": one.number},
            one.live_at or one.created_at,
            one.created_by_label,
            one.endpoint.get_absolute_url(),
            one.state,
            facts=[
                ("model_version", _("Model version"), one.model_version.number),
                ("reason", _("Why"), one.get_reason_display()),
            ],
        )
        for one in rows[:SHOWN]
    ]
    nothing = _("It was never put in place.")
    n = reach.deployments.count()
    return Station("deployments", _("Deployments"), "rocket", n, stops, nothing)


def _predictions(reach):
    rows = reach.predictions.select_related("endpoint__tenant", "model_version", "api_key", "user")
    stops = [_prediction(one, reach) for one in rows.order_by("-at")[:SHOWN]]
    nothing = _("It has answered nothing yet.")
    if reach.kind == "image":
        nothing = _("No endpoint was asked about this picture.")
    n = reach.predictions.count()
    return Station("predictions", _("Predictions"), "spark", n, stops, nothing)


def _prediction(one, reach):
    asker = one.user or one.api_key
    facts = [
        ("label", _("Answer"), one.label),
        ("score", _("Score"), percent(one.score)),
        ("model_version", _("Model version"), one.model_version.number),
        ("input_sha256", _("Input"), one.input_sha256),
    ]
    if one.reference:
        facts.append(("reference", _("Reference"), one.reference))
    return Stop(
        one.pk,
        str(one),
        one.at,
        str(asker) if asker else "",
        predictions.url(one),
        facts=facts,
        is_subject=one == reach.subject,
    )


def _feedback(reach):
    rows = Feedback.objects.filter(prediction__in=reach.predictions.values("pk"))
    found = rows.select_related("prediction__endpoint__tenant").order_by("-created_at")
    stops = [
        Stop(
            one.pk,
            one.label or one.prediction.label,
            one.created_at,
            one.created_by_label,
            predictions.url(one.prediction),
            one.verdict,
            facts=[("comment", _("Comment"), one.comment)] if one.comment else [],
        )
        for one in found[:SHOWN]
    ]
    nothing = _("Nobody has answered yet.")
    return Station("feedback", _("Feedback"), "feedback", rows.count(), stops, nothing)
