"""API operations below a tenant."""

from django.urls import path

from enablement import api, session_api

app_name = "enablement_api"
ENGAGEMENT = "engagements/<uuid:engagement>"
LESSON = f"{ENGAGEMENT}/lessons/<uuid:lesson>"
SESSION = "sessions/<uuid:session>"
urlpatterns = [
    path(f"{ENGAGEMENT}/courses", api.courses, name="courses"),
    path(LESSON, api.lesson, name="lesson"),
    path(f"{LESSON}/quiz", api.quiz, name="quiz"),
    path(f"{LESSON}/practice-key", api.practice_key, name="practice_key"),
    path(f"{ENGAGEMENT}/training", api.training, name="training"),
    path(f"{ENGAGEMENT}/learners", api.learners, name="learners"),
    path(f"{ENGAGEMENT}/learners/<uuid:learner>/certificate", api.certificate, name="certificate"),
    path(f"{ENGAGEMENT}/survey-answers", api.survey_answers, name="survey_answers"),
    path(f"{ENGAGEMENT}/sessions", session_api.sessions, name="sessions"),
    path(SESSION, session_api.session, name="session"),
    path(f"{SESSION}/call-off", session_api.call_off, name="call_off"),
    path(f"{SESSION}/attendance", session_api.attendance, name="attendance"),
    path(f"{SESSION}/rating", session_api.rating, name="rating"),
    path(f"{SESSION}/recording", session_api.recording, name="recording"),
]
