"""Courses, their versions and lessons: the vendor's own rows, shared by all tenants."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from enablement.paths import Path


class CourseQuerySet(models.QuerySet):
    """Reads on courses."""

    def in_order(self):
        return self.order_by("position", "created_at")

    def offered(self):
        """Those that can be taken: published at least once, and not retired."""
        published = CourseVersion.objects.published().filter(course=models.OuterRef("pk"))
        return self.filter(models.Exists(published), retired_at=None).in_order()


class Course(models.Model):
    """Something to learn, for people of one path."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(max_length=60, unique=True)
    path = models.CharField(_("for"), max_length=20, choices=Path)
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    position = models.PositiveIntegerField(default=100)
    is_standard = models.BooleanField(
        _("standard"),
        default=False,
        help_text=_("Taught in every engagement for which nothing else is chosen."),
    )
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    objects = CourseQuerySet.as_manager()

    def __str__(self):
        return self.title

    @property
    def published(self):
        """The version published last, or None."""
        return self.versions.published().order_by("-published_at").first()

    @property
    def draft(self):
        """The version that is being written, or None."""
        return self.versions.filter(published_at=None).first()

    @property
    def is_the_vendors(self) -> bool:
        """Whether the vendor has written a version of it, published or not."""
        return self.versions.filter(library_sha256="").exists()


class CourseVersionQuerySet(models.QuerySet):
    """Reads on versions."""

    def published(self):
        return self.exclude(published_at=None)


class CourseVersion(models.Model):
    """One edition of a course; never changed once it is published."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    pass_percent = models.PositiveIntegerField(
        _("pass mark"), default=75, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    library_sha256 = models.CharField(max_length=64, blank=True)  # blank: written by the vendor
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = CourseVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("course", "number", name="course_versions_count_up"),
            models.UniqueConstraint(
                "course", condition=models.Q(published_at=None), name="one_draft_per_course"
            ),
        ]

    def __str__(self):
        return f"{self.course}, version {self.number}"


class Lesson(models.Model):
    """A page to read, a quiz to pass, practicals to do.

    `questions` is [{text, options: [{text, is_right}], why}]; `practicals` are keys of
    `enablement.practicals`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(CourseVersion, on_delete=models.CASCADE, related_name="lessons")
    position = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=120)
    minutes = models.PositiveIntegerField(_("minutes"), default=5)
    body = models.TextField(_("text"))  # Markdown
    questions = models.JSONField(default=list)
    practicals = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"],
                name="lessons_stand_in_order",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]

    def __str__(self):
        return self.title


class CourseFile(models.Model):
    """A picture, film, captions or material of a course; lessons name it by its file name."""

    class Kind(models.TextChoices):
        """How a lesson shows it."""

        PICTURE = "picture", _("Picture")
        VIDEO = "video", _("Video")
        CAPTIONS = "captions", _("Captions")
        MATERIAL = "material", _("Material to download")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    file_name = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=300)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("course", "file_name", name="file_names_are_one_of_a_kind")
        ]

    def __str__(self):
        return self.file_name
