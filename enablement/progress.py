"""How far somebody is with a course: what they passed, what the server saw them do.

A lesson is done when its quiz is passed and its practicals were seen; a course, when all its
lessons are done.
"""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from accounts import audit
from enablement import practicals, quizzes
from enablement.models import (
    Certificate,
    Course,
    CourseVersion,
    Enrolment,
    Lesson,
    PracticalSeen,
    QuizAttempt,
)
from engagements import pages, timeline


@dataclass(frozen=True)
class Progress:
    """A person and a course; `enrolment` is None before they began."""

    course: Course
    version: CourseVersion
    lessons: list[Lesson]
    enrolment: Enrolment | None = None
    passed: set = field(default_factory=set)  # ids of lessons
    seen: dict = field(default_factory=dict)  # PracticalSeen by key

    def is_done(self, lesson) -> bool:
        owed = {one.key for one in practicals.named(lesson.practicals)}
        return lesson.pk in self.passed and owed <= self.seen.keys()

    @property
    def done(self) -> int:
        return sum(map(self.is_done, self.lessons))

    @property
    def n(self) -> int:
        return len(self.lessons)

    @property
    def next_lesson(self):
        """The first lesson that is not done, or None at the end."""
        return next((one for one in self.lessons if not self.is_done(one)), None)

    @property
    def waits_for_rows(self) -> bool:
        """Whether something may be there to be noted: a practical, or the end."""
        keys = {key for lesson in self.lessons for key in lesson.practicals}
        unseen = {one.key for one in practicals.named(sorted(keys))} - self.seen.keys()
        return bool(unseen) or self.next_lesson is None

    @property
    def is_finished(self) -> bool:
        return bool(self.enrolment and self.enrolment.finished_at)

    @property
    def minutes_left(self) -> int:
        return sum(one.minutes for one in self.lessons if not self.is_done(one))

    @property
    def state(self) -> str:
        """A state of `lepton.lib.states`."""
        if self.is_finished:
            return "done"
        return "current" if self.enrolment else "coming"


def of(engagement, user, course) -> Progress | None:
    """Return how far `user` is: in the version they began, else at the start of the newest.

    Who finished an older version is not asked to begin again. None for a course without a version.
    """
    mine = Enrolment.objects.with_course().filter(
        engagement=engagement, user=user, version__course=course
    )
    enrolment = mine.order_by("-version__number").first()
    version = enrolment.version if enrolment else course.published
    if version is None:
        return None
    lessons = list(version.lessons.all())
    if enrolment is None:
        return Progress(course, version, lessons)
    attempts = enrolment.attempts.filter(is_passed=True)
    passed = set(attempts.values_list("lesson_id", flat=True))
    seen = {one.key: one for one in enrolment.seen.all()}
    return Progress(course, version, lessons, enrolment, passed, seen)


def begin(engagement, user, course) -> Enrolment:
    """Let somebody take a course, in the version they are in or else the newest one."""
    here = of(engagement, user, course)
    if here.enrolment:
        return here.enrolment
    facts = {"engagement": engagement, "user": user, "version": here.version}
    return Enrolment.objects.get_or_create(**facts)[0]


def answer_quiz(enrolment, lesson, *, answers) -> QuizAttempt:
    """Mark somebody's answers to the quiz of a lesson, and keep them; they may try again."""
    marked = quizzes.mark(lesson, answers, pass_percent=enrolment.version.pass_percent)
    with transaction.atomic():
        attempt = QuizAttempt.objects.create(
            enrolment=enrolment, lesson=lesson, answers=answers, **marked._asdict()
        )
        catch_up(enrolment)
    return attempt


def catch_up(enrolment) -> None:
    """Note the practicals that the rows show by now, and the end of the course where it is."""
    with transaction.atomic():
        Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
        lessons = enrolment.version.lessons.all()
        _note_seen(enrolment, {key for lesson in lessons for key in lesson.practicals})
        here = of(enrolment.engagement, enrolment.user, enrolment.version.course)
        if here.enrolment.pk == enrolment.pk and here.next_lesson is None:
            _finish(enrolment)


def _note_seen(enrolment, keys):
    known = set(enrolment.seen.values_list("key", flat=True))
    for one in practicals.named(sorted(keys - known)):
        if found := one.find(enrolment.engagement, enrolment.user):
            facts = {"at": found.at, "evidence": found.evidence}
            PracticalSeen.objects.create(enrolment=enrolment, key=one.key, **facts)


def _finish(enrolment):
    """Say so once, with a certificate."""
    unfinished = Enrolment.objects.filter(pk=enrolment.pk, finished_at=None)
    if not unfinished.update(finished_at=timezone.now()):
        return
    version, user = enrolment.version, enrolment.user
    course = version.course.title
    certificate = Certificate.objects.create(
        enrolment=enrolment, name=str(user), course=course, course_version=version.number
    )
    url = pages.url("enablement:catalogue", enrolment.engagement)
    timeline.record(enrolment.engagement, "course.finished", by=user, url=url, course=course)
    audit.record("course.finished", enrolment, by=user, certificate=certificate.code)
