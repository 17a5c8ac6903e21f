"""The starter library: courses about Lepton itself, kept as Markdown beside the code.

`library/<course>/course.toml` says what the course is; each `<nn>-<lesson>.md` begins with TOML
between +++ lines (title, minutes, practicals), goes on in Markdown and ends with `## Quiz` and
its questions, as `enablement.quizzes` reads them.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enablement import quizzes
from enablement.models import Course, CourseVersion, Lesson

FOLDER = Path(settings.BASE_DIR) / "enablement" / "library"


class Written(NamedTuple):
    """A course as it stands in its folder."""

    key: str
    facts: dict
    lessons: list[dict]
    sha256: str


def load(folder: Path = FOLDER) -> list[str]:
    """Publish what is new in the library; returns the keys of the courses that were.

    A course of which the vendor has written a version, a draft even, stays as they want it.
    """
    return [one.key for one in map(read_course, _folders(folder)) if _publish(one)]


def read_course(folder: Path) -> Written:
    """Read a course's folder."""
    files = [folder / "course.toml", *sorted(folder.glob("*.md"))]
    texts = [file.read_text(encoding="utf-8") for file in files]
    sha256 = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    lessons = [_lesson(text) for text in texts[1:]]
    return Written(folder.name, tomllib.loads(texts[0]), lessons, sha256)


def _folders(folder):
    return sorted(one for one in folder.iterdir() if (one / "course.toml").exists())


def _publish(written) -> bool:
    facts = {**written.facts, "is_standard": True}
    pass_percent = facts.pop("pass_percent", 75)
    with transaction.atomic():
        course, _is_new = Course.objects.get_or_create(key=written.key, defaults=facts)
        Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        newest = course.published
        if course.is_the_vendors or (newest and newest.library_sha256 == written.sha256):
            return False
        number = course.versions.count() + 1
        version = CourseVersion.objects.create(
            course=course,
            number=number,
            pass_percent=pass_percent,
            library_sha256=written.sha256,
            published_at=timezone.now(),
        )
        Lesson.objects.bulk_create(
            Lesson(version=version, position=n, **one) for n, one in enumerate(written.lessons, 1)
        )
    return True


def _lesson(text) -> dict:
    _before, front, rest = text.split("+++\n", 2)
    body, _heading, quiz = rest.partition("\n## Quiz\n")
    facts = {"body": body.strip() + "\n", "questions": quizzes.read(quiz)}
    return tomllib.loads(front) | facts
