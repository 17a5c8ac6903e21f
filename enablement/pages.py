"""What the pages of customer training show."""

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enablement import (
    catalogue,
    lesson_html,
    places,
    practicals,
    practice,
    progress,
    quizzes,
    satisfaction,
    snippets,
)
from enablement.models import Lesson
from enablement.paths import WHAT_FOR, Path
from engagements import pages
from engagements.privacy import person_of

TABS = [
    ("enablement:catalogue", gettext_lazy("Courses")),
    ("enablement:sessions", gettext_lazy("Sessions")),
    ("enablement:people", gettext_lazy("People")),
]


def frame(engagement, current, *crumbs) -> dict:
    """The frame of an engagement's page, with the tabs of customer training."""
    home = (_("Customer training"), pages.url("enablement:catalogue", engagement))
    tabs = [
        {"label": label, "url": pages.url(name, engagement), "current": name == current}
        for name, label in TABS
    ]
    return pages.frame(engagement, home, *crumbs) | {"tabs": tabs}


def learner(request):
    """Whose progress a page may note: nobody's for staff who view it as the customer."""
    return person_of(request)


def catalogue_page(request, engagement) -> dict:
    """The courses, and how far the reader is with each."""
    user = learner(request)
    rows = [
        {"progress": one, "what_for": WHAT_FOR[Path(one.course.path)]}
        for one in standing(engagement, user)
    ]
    context = frame(engagement, "enablement:catalogue")
    context |= {"rows": rows, "survey": survey(engagement, user)}
    return context | {"sessions": engagement.sessions.filter(cancelled_at=None).newest_first()[:3]}


def standing(engagement, user) -> list[progress.Progress]:
    """How far the reader is with each course, by what the server has seen until now."""
    rows = catalogue.standing(engagement, user)
    return [_caught_up(one, engagement, user) for one in rows]


def survey(engagement, user) -> dict | None:
    """The question how likely they are to recommend us, to members once they are live."""
    if user is None or user.is_vendor_staff or satisfaction.live_since(engagement) is None:
        return None
    newest = satisfaction.newest_of(engagement, user)
    return {"newest": newest, "is_due": satisfaction.is_due(engagement, user)}


def lesson_of(engagement, user, pk) -> tuple[Lesson, progress.Progress]:
    """A lesson the reader may read, with their progress in its course. Raises Http404."""
    lesson = Lesson.objects.select_related("version__course").filter(pk=pk).first()
    if lesson is None:
        raise Http404
    course = lesson.version.course
    here = progress.of(engagement, user, course)
    is_theirs = course in catalogue.courses_of(engagement) or (here and here.enrolment)
    if not is_theirs or here is None or here.version != lesson.version:
        raise Http404
    return lesson, _caught_up(here, engagement, user)


def lesson_page(request, engagement, lesson, here) -> dict:
    """A lesson to read, what is before and after it, its quiz and practicals."""
    at = here.lessons.index(lesson)
    context = frame(engagement, "enablement:catalogue", here.course.title, lesson.title)
    context |= lesson_part(engagement, lesson, here, learner(request))
    return context | {
        "progress": here,
        "steps": [{"lesson": one, "done": here.is_done(one)} for one in here.lessons],
        "before": here.lessons[at - 1] if at else None,
        "after": here.lessons[at + 1] if at + 1 < here.n else None,
        "number": at + 1,
    }


def lesson_part(engagement, lesson, here, user) -> dict:
    """What is read, answered and done in a lesson."""
    files = list(lesson.version.course.files.all())
    shown = lesson_html.render(lesson.body, files=files, words=places.words(engagement))
    material = [file for file in files if file.kind == file.Kind.MATERIAL]
    facts = {"lesson": lesson, "html": shown.html, "contents": shown.contents}
    facts |= {"material": material} | quiz_part(lesson, here)
    return facts | practicals_part(engagement, lesson, here, user)


def quiz_part(lesson, here, attempt=None) -> dict:
    """The questions, with what was answered right and why where there is an attempt."""
    attempts = here.enrolment.attempts.filter(lesson=lesson) if here.enrolment else None
    attempt = attempt or (attempts and attempts.order_by("-at").first())
    answers = attempt.answers if attempt else [[] for _one in lesson.questions]
    rows = [
        {
            "text": question["text"],
            "why": question["why"] if attempt else "",
            "is_right": quizzes.is_right(question, chosen),
            "several": quizzes.has_several(question),
            "options": [
                {"text": one["text"], "chosen": n in chosen, "is_right": one["is_right"]}
                for n, one in enumerate(question["options"])
            ],
        }
        for question, chosen in zip(lesson.questions, answers, strict=True)
    ]
    passed = lesson.pk in here.passed
    return {"questions": rows, "attempt": attempt, "passed": passed}


def practicals_part(engagement, lesson, here, user) -> dict:
    """The practicals of a lesson: seen, or waited for, each with the calls that do it."""
    words, owed = places.words(engagement), practicals.named(lesson.practicals)
    seen = here.seen
    if here.enrolment is None and user is not None:  # nothing is noted before they began
        seen = {one.key: one.find(engagement, user) for one in owed}
    rows = [
        {"practical": one, "seen": seen.get(one.key), "snippets": snippets.of(one.key, words)}
        for one in owed
    ]
    waits = any(row["seen"] is None for row in rows)
    needs_key = waits and any(row["practical"].needs_key for row in rows)
    topic = practice.topic(engagement.pk)
    return {"practicals": rows, "waits": waits, "needs_key": needs_key, "topic": topic}


def _caught_up(here, engagement, user):
    """Progress with what the rows show by now."""
    if user is None or here.enrolment is None or here.is_finished or not here.waits_for_rows:
        return here
    progress.catch_up(here.enrolment)
    return progress.of(engagement, user, here.course)
