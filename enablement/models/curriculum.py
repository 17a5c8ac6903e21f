"""What an engagement asks of the customer's people: which courses, and how many finish them."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import TenantModel
from enablement.models.course import Course
from enablement.paths import Path
from engagements.models import Engagement

EVERY_DAYS = 90


def usual_people() -> dict:
    """One who works with it and one who connects it, where nothing else was said."""
    return {Path.OPERATOR.value: 1, Path.INTEGRATOR.value: 1, Path.ADMINISTRATOR.value: 0}


class Curriculum(Authored, TenantModel):
    """What was chosen for an engagement; without a row the defaults stand."""

    engagement = models.OneToOneField(
        Engagement, on_delete=models.CASCADE, related_name="curriculum"
    )
    people = models.JSONField(default=usual_people)  # {path: how many must have finished}
    survey_every_days = models.PositiveIntegerField(
        _("ask for a recommendation every (days)"),
        null=True,
        blank=True,
        default=EVERY_DAYS,
        validators=[MinValueValidator(7)],
    )

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return f"Curriculum of {self.engagement}"


class Assignment(Authored, TenantModel):
    """A course taught in an engagement; where there is none, the standard ones are."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="assignments")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "course", name="a_course_is_assigned_once")
        ]

    def __str__(self):
        return str(self.course)
