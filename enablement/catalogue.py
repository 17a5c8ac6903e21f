"""Which courses an engagement teaches, to whom, and how far everybody is."""

from collections import Counter

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from enablement import progress
from enablement.models import Assignment, Course, Curriculum, Enrolment
from enablement.paths import Path
from engagements import pages, timeline


def courses_of(engagement) -> list[Course]:
    """The courses assigned to an engagement, else the standard ones."""
    chosen = engagement.assignments.values("course")
    offered = Course.objects.offered()
    return list(offered.filter(pk__in=chosen) or offered.filter(is_standard=True))


def curriculum_of(engagement) -> Curriculum:
    """What was chosen for an engagement, or the defaults in an unsaved row."""
    return Curriculum.objects.filter(engagement=engagement).first() or Curriculum(
        engagement=engagement
    )


def choose(engagement, *, people, courses, survey_every_days, by) -> Curriculum:
    """Say how many people finish which path, which courses are taught, how often we ask."""
    _check_people(people)
    chosen = curriculum_of(engagement)
    chosen.people, chosen.survey_every_days = people, survey_every_days
    for name, value in author(by).items():
        setattr(chosen, name, value)
    chosen.full_clean(exclude=["tenant", "engagement", "created_by"])
    with transaction.atomic():
        chosen.save()
        engagement.assignments.all().delete()
        if set(courses) != set(Course.objects.offered().filter(is_standard=True)):
            rows = [Assignment(engagement=engagement, course=c, **author(by)) for c in courses]
            Assignment.objects.bulk_create(rows)
        url = pages.url("enablement:catalogue", engagement)
        timeline.record(engagement, "enablement.chosen", by=by, url=url)
        audit.record("enablement.chosen", chosen, by=by, people=people)
    return chosen


def standing(engagement, user) -> list[progress.Progress]:
    """How far somebody is with each course of the engagement."""
    return [progress.of(engagement, user, course) for course in courses_of(engagement)]


def learners(engagement) -> list[Enrolment]:
    """The customer's people who began a course, who finished last on top."""
    rows = Enrolment.objects.with_course().of_customers().filter(engagement=engagement)
    return list(rows.order_by("-finished_at", "user__name", "version__course__position"))


def finished(engagement) -> Counter:
    """How many of the customer's people finished a whole path: all of its courses, once each."""
    owed = {}
    for course in courses_of(engagement):
        owed.setdefault(course.path, set()).add(course.pk)
    done = Enrolment.objects.of_customers().filter(engagement=engagement)
    done = done.exclude(finished_at=None).values_list("user", "version__course")
    by_person = {}
    for person, course in done:
        by_person.setdefault(person, set()).add(course)
    return Counter({path: sum(owed[path] <= have for have in by_person.values()) for path in owed})


def needed(engagement) -> list[dict]:
    """What each path asks for and how much of that is there: [{path, needed, finished}]."""
    people, have = curriculum_of(engagement).people, finished(engagement)
    return [
        {"path": path, "needed": people.get(path, 0), "finished": have[path]}
        for path in Path
        if people.get(path, 0) or have[path]
    ]


def _check_people(people):
    for path, number in people.items():
        if path not in Path.values or not isinstance(number, int) or not 0 <= number <= 100:
            raise ValidationError({"people": _("Name a path and 0 to 100 people.")})
