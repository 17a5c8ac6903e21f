"""Pages."""

from django.urls import path

from enablement import (
    course_views,
    lesson_views,
    people_views,
    session_views,
)

app_name = "enablement"
HERE = "t/<slug:tenant>/e/<uuid:engagement>/customer-training/"
PANEL = "t/<slug:tenant>/e/<uuid:engagement>/panels/customer-training/"
LESSON = f"{HERE}lessons/<uuid:lesson>/"
SESSIONS = f"{HERE}sessions/"
SESSION = f"{SESSIONS}<uuid:session>/"
DESK = "board/courses/"
COURSE = f"{DESK}<uuid:course>/"
urlpatterns = [
    path(HERE, lesson_views.catalogue, name="catalogue"),
    path(PANEL, lesson_views.panel, name="panel"),
    path(LESSON, lesson_views.lesson, name="lesson"),
    path(f"{LESSON}quiz/", lesson_views.quiz, name="quiz"),
    path(f"{LESSON}practicals/", lesson_views.practicals, name="practicals"),
    path(f"{LESSON}practice-key/", lesson_views.practice_key, name="practice_key"),
    path(f"{HERE}people/", people_views.people, name="people"),
    path(f"{HERE}people/choose/", people_views.choose, name="choose"),
    path(f"{HERE}survey/", people_views.answer_survey, name="answer_survey"),
    path(f"{HERE}certificates/<uuid:certificate>/", people_views.pdf, name="pdf"),
    path("certificates/<slug:code>/", people_views.certificate, name="certificate"),
    path("board/portfolio/survey/", people_views.portfolio_panel, name="portfolio_panel"),
    path(SESSIONS, session_views.sessions, name="sessions"),
    path(f"{SESSIONS}book/", session_views.book, name="book"),
    path(f"{SESSION}change/", session_views.change, name="change_session"),
    path(f"{SESSION}call-off/", session_views.call_off, name="call_off"),
    path(f"{SESSION}attendance/", session_views.attendance, name="attendance"),
    path(f"{SESSION}rate/", session_views.rate, name="rate_session"),
    path(f"{SESSION}ics/", session_views.ics, name="ics"),
    path(f"{SESSION}recording/", session_views.recording, name="recording"),
    path(DESK, course_views.courses, name="courses"),
    path(f"{DESK}new/", course_views.create, name="new_course"),
    path(COURSE, course_views.course, name="edit_course"),
    path(f"{COURSE}draft/", course_views.draft, name="begin_draft"),
    path(f"{COURSE}publish/", course_views.publish, name="publish"),
    path(f"{COURSE}retire/", course_views.retire, name="retire_course"),
    path(f"{COURSE}files/", course_views.upload, name="upload_file"),
    path(f"{COURSE}files/<uuid:file>/remove/", course_views.remove_file, name="remove_file"),
    path(f"{COURSE}lessons/new/", course_views.new_lesson, name="new_lesson"),
    path(f"{COURSE}lessons/<uuid:lesson>/", course_views.edit_lesson, name="edit_lesson"),
    path(f"{COURSE}lessons/<uuid:lesson>/move/", course_views.move_lesson, name="move_lesson"),
    path(
        f"{COURSE}lessons/<uuid:lesson>/remove/", course_views.remove_lesson, name="remove_lesson"
    ),
    path(f"{COURSE}preview/", course_views.preview, name="preview"),
]
