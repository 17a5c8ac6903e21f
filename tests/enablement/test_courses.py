"""Courses as the vendor's staff write them: a draft, files, a version that never changes."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from enablement import courses, lesson_html
from enablement.models import Course, CourseFile
from lepton.lib.refusals import Conflict
from tests import factories

QUIZ = "### Where is the key?\n- [ ] In the drawer\n- [x] In the safe\n> Keys belong in a safe."
LESSON = {"title": "Doors", "minutes": 3, "body": "A [[label]] door.", "questions": QUIZ}
NEW = {"key": "press-4", "title": "Press line 4", "path": "operator", "summary": "Your press."}


@pytest.fixture
def desk(mei, browse):
    return browse(mei)


@pytest.fixture
def press(desk):
    """A course begun by Mei, with one lesson in its draft."""
    assert desk.post("/board/courses/new/", NEW).status_code == 302
    made = Course.objects.get(key="press-4")
    assert desk.post(f"/board/courses/{made.pk}/lessons/new/", LESSON).status_code == 302
    return made


def test_a_course_is_written_and_published_in_the_browser(desk, press):
    page = desk.get(f"/board/courses/{press.pk}/").text
    assert "Doors" in page and "Publish version 1" in page
    assert not Course.objects.offered().exists()
    sent = desk.post(f"/board/courses/{press.pk}/publish/", {"pass_percent": 80}, follow=True)
    assert "Version 1 is published." in sent.text
    assert press.published.pass_percent == 80 and press in Course.objects.offered()
    (question,) = press.published.lessons.get().questions
    assert question["options"][1] == {"text": "In the safe", "is_right": True}


def test_a_published_version_never_changes(mei, press):
    published = courses.publish(press.draft, by=mei)
    with pytest.raises(Conflict, match="never changes"):
        courses.save_lesson(published, title="New", body="…", minutes=1, by=mei)
    draft = courses.draft_of(press, by=mei)
    assert (draft.number, draft.lessons.get().title) == (2, "Doors")
    assert courses.draft_of(press, by=mei) == draft  # one at a time


def test_lessons_are_moved_and_taken_out(desk, mei, press):
    courses.save_lesson(press.draft, title="Windows", body="…", minutes=1, by=mei)
    address = f"/board/courses/{press.pk}/lessons/{press.draft.lessons.last().pk}"
    desk.post(f"{address}/move/", {"up": "1"})
    assert [one.title for one in press.draft.lessons.all()] == ["Windows", "Doors"]
    desk.post(f"{address}/remove/")
    assert [one.title for one in press.draft.lessons.all()] == ["Doors"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("### Q\n- [x] a\n- [x] b\n> c", "a right option, and a wrong one"),
        ("### Q\n- [x] a\n> c", "at least two options"),
        ("### Q\n- [x] a\n- [ ] b", "Say why"),
        ("hello", "cannot be read: hello"),
    ],
)
def test_a_quiz_nobody_could_answer_is_refused_in_words(desk, press, text, words):
    form = LESSON | {"questions": text}
    refused = desk.post(f"/board/courses/{press.pk}/lessons/new/", form)
    assert refused.status_code == 422 and words in refused.text


def test_a_course_without_a_lesson_is_not_published(mei):
    empty = courses.create_course("empty", path="operator", title="Empty", by=mei)
    with pytest.raises(ValidationError, match="no lesson"):
        courses.publish(empty.draft, by=mei)


def test_only_staff_write_courses(press, alice, browse):
    client = browse(alice)
    for page in ("", "new/", f"{press.pk}/", f"{press.pk}/lessons/new/"):
        assert client.get(f"/board/courses/{page}").status_code == 404
    assert client.get("/api/v1/courses").status_code == 404
    with pytest.raises(ValidationError, match="Only the vendor"):
        courses.retire_course(press, by=alice)


def test_a_retired_course_is_offered_no_longer(desk, mei, press):
    courses.publish(press.draft, by=mei)
    desk.post(f"/board/courses/{press.pk}/retire/")
    assert not Course.objects.offered().exists()


def test_a_film_has_captions_and_is_streamed_in_ranges(desk, press, client):
    for name, data in [("tour.mp4", bytes(range(256)) * 40), ("tour.vtt", b"WEBVTT\n\n")]:
        sent = {"file": SimpleUploadedFile(name, data)}
        assert desk.post(f"/board/courses/{press.pk}/files/", sent).status_code == 302
    html = lesson_html.render("![The tour](course:tour.mp4)", files=press.files.all()).html
    assert "<video" in html and "controls" in html and '<track src="' in html
    film = CourseFile.objects.get(kind="video")
    part = client.get(lesson_html.address(film), headers={"Range": "bytes=256-259"})
    assert (part.status_code, part.content) == (206, bytes([0, 1, 2, 3]))
    assert part["Content-Range"] == "bytes 256-259/10240"
    assert client.get(lesson_html.address(film), headers={"Range": "bytes=-2"}).content == (
        bytes([254, 255])
    )
    beyond = client.get(lesson_html.address(film), headers={"Range": "bytes=99999-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, "bytes */10240")
    assert len(client.get(lesson_html.address(film)).content) == 10240


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("a.exe", b"MZ", "these kinds"), ("a.vtt", b"hello", "WEBVTT")],
)
def test_files_of_other_kinds_are_refused(desk, press, name, data, words):
    sent = {"file": SimpleUploadedFile(name, data)}
    refused = desk.post(f"/board/courses/{press.pk}/files/", sent)
    assert refused.status_code == 422 and words in refused.text


def test_a_file_that_people_see_is_not_removed(desk, mei, press):
    desk.post(f"/board/courses/{press.pk}/files/", {"file": SimpleUploadedFile("a.png", b"x")})
    file = press.files.get()
    lesson = press.draft.lessons.get()
    courses.save_lesson(press.draft, lesson, body="![A](course:a.png)", by=mei)
    courses.publish(press.draft, by=mei)
    answer = desk.post(f"/board/courses/{press.pk}/files/{file.pk}/remove/", follow=True)
    assert "A published lesson shows this file." in answer.text and press.files.exists()


def test_a_lesson_cannot_carry_a_script():
    body = '<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror="alert(1)">'
    html = lesson_html.render(body).html
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html


def test_a_lesson_speaks_of_ones_own_endpoint():
    html = lesson_html.render(
        "Send to [[predict_url]], not [[nowhere]].", words={"predict_url": "x"}
    )
    assert "Send to x, not [[nowhere]]." in html.html


def test_the_preview_shows_what_is_written(desk, press):
    shown = desk.post(f"/board/courses/{press.pk}/preview/", {"body": "**Bold**"}).text
    assert "<strong>Bold</strong>" in shown


def test_a_course_is_written_and_published_by_api(desk):
    question = {"text": "Q", "why": "B.", "options": []}
    question["options"] = [{"text": "a", "is_right": False}, {"text": "b", "is_right": True}]
    course = {"path": "operator", "title": "By API", "lessons": []}
    course["lessons"] = [{"title": "One", "body": "Read.", "questions": [question]}]
    kind = {"content_type": "application/json"}
    written = desk.put("/api/v1/courses/by-api", course, **kind)
    assert written.status_code == 200 and written.json()["draft_version"] == 1
    published = desk.post("/api/v1/courses/by-api/publish", {}, **kind).json()
    assert published["published_version"] == 1 and published["draft_version"] is None
    course["lessons"][0]["practicals"] = ["practice.nonsense"]
    refused = desk.put("/api/v1/courses/by-api", course, **kind)
    assert refused.status_code == 400 and "Unknown practical" in refused.json()["error"]
    sent = desk.post("/api/v1/courses/by-api/files", {"file": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert sent.status_code == 201 and sent.json()["kind"] == "material"
    assert desk.delete("/api/v1/courses/by-api").status_code == 204


def test_an_engagement_teaches_what_was_chosen_for_it(mei, alice, browse, acme):
    engagement = factories.engagement(acme, alice)
    factories.course("operator", "Standard")
    own = factories.course("operator", "Own")
    Course.objects.filter(pk=own.pk).update(is_standard=False)
    url = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    (taught,) = browse(alice).get(f"{url}/courses").json()
    assert taught["key"] == "standard"
    wanted = {"people": {"operator": 2}, "courses": ["own"]}
    chosen = browse(mei).put(f"{url}/training", wanted, content_type="application/json").json()
    assert chosen["courses"] == ["own"]
    assert chosen["needed"] == [{"path": "operator", "needed": 2, "finished": 0}]
    assert browse(alice).put(f"{url}/training", {}).status_code == 403
