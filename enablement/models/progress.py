"""Who learns what, how far they are, and what they have to show for it."""

import secrets

from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.scoping import ScopedManager, TenantModel
from enablement.models.course import CourseVersion, Lesson
from engagements.models import Engagement


class EnrolmentQuerySet(models.QuerySet):
    """Reads on enrolments."""

    def with_course(self):
        return self.select_related("user", "version__course", "certificate")

    def of_customers(self):
        """Those of the customer's people; what staff try out does not count."""
        return self.filter(user__staff_role="")


class Enrolment(TenantModel):
    """A person who takes one version of a course, to its end even if a newer one appears."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="enrolments")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(EnrolmentQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "user", "version", name="a_version_is_taken_once")
        ]

    def __str__(self):
        return f"{self.user}: {self.version}"


class QuizAttempt(TenantModel):
    """What somebody answered in a lesson's quiz; never changed, they may try again."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="attempts")
    # PostgreSQL refuses to delete a lesson with attempts; Django could look for them in one tenant
    # only.
    lesson = models.ForeignKey(Lesson, on_delete=models.DO_NOTHING, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    answers = models.JSONField()  # the chosen options of each question: [[1], [0, 2]]
    right = models.PositiveSmallIntegerField()
    n = models.PositiveSmallIntegerField()  # questions
    is_passed = models.BooleanField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(right__lte=models.F("n")), name="no_more_right_than_asked"
            )
        ]

    def __str__(self):
        return f"{self.lesson}: {self.right} of {self.n}"


class PracticalSeen(TenantModel):
    """The server saw somebody do it; kept, since what it saw may be erased one day."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="seen")
    key = models.CharField(max_length=60)
    at = models.DateTimeField()
    evidence = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("enrolment", "key", name="seen_once")]

    def __str__(self):
        return self.key


def new_code() -> str:
    """80 bits to be typed from paper."""
    return secrets.token_hex(10)


class Certificate(TenantModel):
    """Says that a person finished a course; never changed."""

    enrolment = models.OneToOneField(
        Enrolment, on_delete=models.CASCADE, related_name="certificate"
    )
    code = models.CharField(max_length=20, unique=True, default=new_code)
    name = models.CharField(max_length=120)  # as it was then
    course = models.CharField(max_length=120)
    course_version = models.PositiveIntegerField()
    issued_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.name}: {self.course}"

    def get_absolute_url(self):
        return reverse("enablement:certificate", args=[self.code])
