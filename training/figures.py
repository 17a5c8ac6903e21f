"""What lists of engagements show of model quality: test figures of the model that counts."""

from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, Subquery

from engagements.figures import Figures, Measured
from engagements.models import Verdict
from training.models import Evaluation
from training.models.dataset import Split


def newest_measured(engagement_ids) -> Figures:
    """Return test figures of each engagement: of the model judged last, else of the newest."""
    verdicts = Verdict.objects.newest_first().filter(
        contract__engagement=OuterRef("model_version__engagement_id")
    )
    is_judged = Q(model_version_id=Subquery(verdicts.values("candidate_id")[:1]))
    judged_first = F("is_judged").desc(nulls_last=True)
    rows = (
        Evaluation.objects.filter(
            split=Split.TEST, model_version__engagement_id__in=list(engagement_ids)
        )
        .select_related("model_version")
        .annotate(is_judged=ExpressionWrapper(is_judged, output_field=BooleanField()))
        .order_by("model_version__engagement_id", judged_first, "-model_version__number", "-at")
        .distinct("model_version__engagement_id")
    )
    return {row.model_version.engagement_id: _figures(row) for row in rows}


def measured_between(engagement, since, until) -> dict | None:
    """Return {"value", "n"} of the newest test accuracy measured in that time, or None."""
    rows = Evaluation.objects.filter(split=Split.TEST, model_version__engagement=engagement)
    rows = rows.filter(at__gte=since, at__lt=until).order_by("-model_version__number", "-at")
    newest = rows.values("accuracy", "n").first()
    return newest and {"value": newest["accuracy"], "n": newest["n"]}


def _figures(row):
    names = ("accuracy", "macro_f1", "macro_auc")
    found = {name: measured(row, name) for name in names}
    return {name: figure for name, figure in found.items() if figure is not None}


def measured(evaluation, name) -> Measured | None:
    """A figure of an evaluation with its interval, None where it could not be measured."""
    value = getattr(evaluation, name)
    if value is None:
        return None
    low, high = (getattr(evaluation, f"{name}_{end}") for end in ("low", "high"))
    return Measured(value, low, high, evaluation.n)
