"""Writes on courses by the vendor's staff: written as a draft, then published for good."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import PlatformAuditEntry
from enablement import quizzes
from enablement.models import Course, CourseVersion, Lesson
from enablement.practicals import known
from lepton.lib.refusals import Conflict


def create_course(key, *, path, title, by, summary="", is_standard=False):
    """Begin a course; nobody sees it before its first version is published."""
    _refuse_unless_staff(by)
    facts = {"path": path, "title": title, "summary": summary, "is_standard": is_standard}
    course = Course(key=key, **facts, created_by=by)
    course.clean_fields(exclude=["created_by", "retired_at"])
    with transaction.atomic():
        try:
            with transaction.atomic():
                course.save(force_insert=True)
        except IntegrityError:
            raise ValidationError({"key": _("There is a course of this short name.")}) from None
        CourseVersion.objects.create(course=course, number=1)
        _note("course.created", course, by)
    return course


def change_course(course, *, by, **facts):
    """Change what a catalogue says of a course: path, title, summary, whether it is standard."""
    _refuse_unless_staff(by)
    for name, value in facts.items():
        setattr(course, name, value)
    course.clean_fields(exclude=["created_by", "retired_at"])
    with transaction.atomic():
        course.save(update_fields=list(facts))
        _note("course.changed", course, by)
    return course


def retire_course(course, *, by):
    """Offer a course no longer; who takes it finishes it."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        standing = Course.objects.filter(pk=course.pk, retired_at=None)
        if standing.update(retired_at=timezone.now()):
            _note("course.retired", course, by)


def draft_of(course, *, by) -> CourseVersion:
    """Return the draft, begun from the newest published version where there is none."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        _lock(course)
        if draft := course.draft:
            return draft
        newest = course.published
        facts = {"number": course.versions.count() + 1, "pass_percent": newest.pass_percent}
        draft = CourseVersion.objects.create(course=course, **facts)
        names = ("position", "title", "minutes", "body", "questions", "practicals")
        Lesson.objects.bulk_create(
            Lesson(version=draft, **{name: getattr(one, name) for name in names})
            for one in newest.lessons.all()
        )
    return draft


def save_lesson(draft, lesson=None, *, by, **facts):
    """Write a lesson of a draft anew (at its end) or change it."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        _lock_draft(draft)
        lesson = lesson or Lesson(version=draft, position=_end_of(draft))
        for name, value in facts.items():
            setattr(lesson, name, value)
        quizzes.check_questions(lesson.questions)
        _check_practicals(lesson.practicals)
        lesson.clean_fields(exclude=["version", "questions"])
        lesson.save()
    return lesson


def move_lesson(lesson, *, up, by):
    """Let a lesson of a draft change places with the one before or after it."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        _lock_draft(lesson.version)
        others = lesson.version.lessons.order_by("-position" if up else "position")
        side = {"position__lt": lesson.position} if up else {"position__gt": lesson.position}
        other = others.filter(**side).first()
        if other:
            here, there = lesson.position, other.position
            Lesson.objects.filter(pk=other.pk).update(position=here)
            Lesson.objects.filter(pk=lesson.pk).update(position=there)


def remove_lesson(lesson, *, by):
    """Take a lesson out of a draft."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        _lock_draft(lesson.version)
        lesson.delete()


def write_course(key, *, lessons, by, **facts) -> Course:
    """Write a course and all lessons of its draft, in their order, in one go."""
    with transaction.atomic():
        course = Course.objects.filter(key=key).first()
        course = (
            change_course(course, by=by, **facts) if course else create_course(key, by=by, **facts)
        )
        draft = draft_of(course, by=by)
        draft.lessons.all().delete()
        for lesson in lessons:
            save_lesson(draft, by=by, **lesson)
    return course


def publish(draft, *, by, pass_percent=None):
    """Let people take this version from now on; who is in an older one finishes that."""
    _refuse_unless_staff(by)
    with transaction.atomic():
        _lock_draft(draft)
        if not draft.lessons.exists():
            raise ValidationError(_("There is no lesson yet: write one first."))
        draft.pass_percent = pass_percent or draft.pass_percent
        draft.published_at, draft.published_by = timezone.now(), by
        draft.clean_fields(exclude=["course", "published_by"])
        draft.save(update_fields=["pass_percent", "published_at", "published_by"])
        _note("course.published", draft.course, by, version=draft.number)
    return draft


def _lock(course):
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)


def _lock_draft(draft):
    """Raise Conflict if it is a draft no more."""
    rows = CourseVersion.objects.select_for_update(no_key=True, of=("self",))
    if not rows.filter(pk=draft.pk, published_at=None):
        raise Conflict(_("This version is published and never changes: write the next one."))


def _end_of(draft) -> int:
    last = draft.lessons.order_by("-position").first()
    return last.position + 1 if last else 1


def _check_practicals(keys):
    if unknown := sorted(set(keys) - {one.key for one in known()}):
        raise ValidationError({"practicals": _("Unknown practical: %s.") % ", ".join(unknown)})


def _refuse_unless_staff(by):
    if not getattr(by, "is_vendor_staff", False):
        raise ValidationError(_("Only the vendor's staff write courses."))


def _note(verb, course, by, **detail):
    detail |= {"key": course.key, "title": course.title}
    PlatformAuditEntry.objects.create(user=by, verb=verb, detail=detail)
