"""The starter library: it can be read, tells of what there is, and is published once."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.scoping import tenant_scope
from enablement import courses, library, places, practicals
from enablement.models import Course, CourseVersion
from tests import factories

FOLDERS = {folder.name: folder for folder in library._folders(library.FOLDER)}


def test_there_is_a_course_for_each_path():
    assert FOLDERS.keys() == {"operator", "integrator", "administrator"}


@pytest.mark.parametrize("name", FOLDERS)
def test_each_lesson_ends_with_a_quiz_and_asks_for_what_can_be_seen(name):
    known = {one.key for one in practicals.known()}
    for lesson in library.read_course(FOLDERS[name]).lessons:
        assert 2 <= len(lesson["questions"]) <= 4, lesson["title"]
        assert set(lesson["practicals"]) <= known, lesson["title"]


def test_lessons_only_name_what_pages_can_fill_in(acme, alice):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        known = places.words(engagement)
    for folder in FOLDERS.values():
        for lesson in library.read_course(folder).lessons:
            assert set(re.findall(r"\[\[(\w+)\]\]", lesson["body"])) <= known.keys()


@pytest.mark.django_db
def test_it_is_published_once_and_anew_when_it_changed(tmp_path):
    assert sorted(library.load()) == sorted(FOLDERS)
    assert library.load() == []
    folder = tmp_path / "operator"
    folder.mkdir()
    for file in FOLDERS["operator"].iterdir():
        (folder / file.name).write_text(file.read_text())
    lesson = folder / "01-what-lepton-does.md"
    lesson.write_text(lesson.read_text().replace("five minutes", "six minutes"))
    assert library.load(tmp_path) == ["operator"]
    assert Course.objects.get(key="operator").published.number == 2


@pytest.mark.django_db
def test_what_the_vendor_published_themselves_stays(mei, monkeypatch):
    library.load()
    course = Course.objects.get(key="operator")
    courses.publish(courses.draft_of(course, by=mei), by=mei)
    written = library.read_course(FOLDERS["operator"])._replace(sha256="another")
    assert not library._publish(written)
    assert course.published.number == 2


@pytest.mark.django_db
def test_what_the_vendor_is_still_writing_stays_too(mei):
    library.load()
    course = Course.objects.get(key="operator")
    draft = courses.draft_of(course, by=mei)
    written = library.read_course(FOLDERS["operator"])._replace(sha256="another")
    assert not library._publish(written)
    courses.publish(draft, by=mei)
    assert course.published == draft


@pytest.mark.django_db
def test_what_was_published_last_is_learnt_whatever_its_number(mei):
    library.load()
    course = Course.objects.get(key="operator")
    draft = courses.draft_of(course, by=mei)
    CourseVersion.objects.create(course=course, number=3, published_at=now() - timedelta(days=1))
    courses.publish(draft, by=mei)
    assert course.published == draft
    assert courses.draft_of(course, by=mei).number == 4
