"""How likely people are to recommend us: asked on a cadence once the customer is live."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement


class SurveyAnswerQuerySet(models.QuerySet):
    """Reads on recommendations."""

    def newest_first(self):
        return self.order_by("-created_at")


class SurveyAnswer(Authored, TenantModel):
    """One answer of one person, 0 to 10, and why; never changed."""

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="survey_answers"
    )
    score = models.PositiveSmallIntegerField(_("score"), validators=[MaxValueValidator(10)])
    comment = models.TextField(_("why"), blank=True, max_length=2000)

    objects = ScopedManager.from_queryset(SurveyAnswerQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__lte=10), name="a_survey_answer_is_0_to_10"
            )
        ]

    def __str__(self):
        return f"{self.score}/10"
