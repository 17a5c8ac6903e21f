"""Models of what we teach, one file per noun."""

from enablement.models.course import Course, CourseFile, CourseVersion, Lesson
from enablement.models.curriculum import Assignment, Curriculum
from enablement.models.practice import PracticeAnswer, PracticeCall
from enablement.models.progress import Certificate, Enrolment, PracticalSeen, QuizAttempt
from enablement.models.satisfaction import SurveyAnswer
from enablement.models.session import Attendance, Session

__all__ = [
    "Assignment",
    "Attendance",
    "Certificate",
    "Course",
    "CourseFile",
    "CourseVersion",
    "Curriculum",
    "Enrolment",
    "Lesson",
    "PracticalSeen",
    "PracticeAnswer",
    "PracticeCall",
    "QuizAttempt",
    "Session",
    "SurveyAnswer",
]
