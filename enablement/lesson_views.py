"""Pages of learning: the courses, a lesson with its quiz, practicals and practice keys."""

from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from enablement import catalogue as catalogue_of
from enablement import forms, pages, practice, progress
from engagements.pages import engagement_of


@require_GET
@member_page()
def catalogue(request, engagement):
    """The courses of the engagement, and how far one is."""
    engagement = engagement_of(engagement)
    return render(request, "enablement/catalogue.html", pages.catalogue_page(request, engagement))


@require_GET
@member_page()
def panel(request, engagement):
    """What is asked for and one's next step, on the engagement's overview."""
    engagement = engagement_of(engagement)
    rows = catalogue_of.standing(engagement, pages.learner(request))
    context = {"engagement": engagement, "needed": catalogue_of.needed(engagement)}
    context |= {"begun": [one for one in rows if one.enrolment and one.next_lesson]}
    return render(request, "enablement/_panel.html", context)


@require_GET
@member_page()
def lesson(request, engagement, lesson):
    """A lesson to read."""
    engagement = engagement_of(engagement)
    found, here = pages.lesson_of(engagement, pages.learner(request), lesson)
    context = pages.lesson_page(request, engagement, found, here)
    return render(request, "enablement/lesson.html", context)


@require_POST
@member_page()
def quiz(request, engagement, lesson):
    """Answer the quiz; the page says of each answer whether it was right, and why."""
    engagement, user = engagement_of(engagement), request.user
    found, here = pages.lesson_of(engagement, user, lesson)
    attempt, refused = None, ""
    try:
        enrolment = progress.begin(engagement, user, here.course)
        answers = forms.answers_in(request.POST, found)
        attempt = progress.answer_quiz(enrolment, found, answers=answers)
    except ValidationError as error:
        refused = " ".join(error.messages)
    here = progress.of(engagement, user, here.course)
    if not request.htmx and attempt:
        return redirect(request.path.removesuffix("quiz/") + "#quiz")
    context = pages.lesson_page(request, engagement, found, here) | {"refused": refused}
    template = "enablement/_quiz.html" if request.htmx else "enablement/lesson.html"
    return render(request, template, context, status=422 if refused else 200)


@require_GET
@member_page()
def practicals(request, engagement, lesson):
    """What the server has seen by now: a fragment that waits."""
    engagement = engagement_of(engagement)
    found, here = pages.lesson_of(engagement, pages.learner(request), lesson)
    context = {"engagement": engagement, "lesson": found, "progress": here}
    context |= pages.practicals_part(engagement, found, here, pages.learner(request))
    return render(request, "enablement/_practicals.html", context)


@never_cache
@require_POST
@member_page()
def practice_key(request, engagement, lesson):
    """Make one's practice key and show it, this once; whoever practises has begun the course."""
    engagement = engagement_of(engagement)
    _lesson, here = pages.lesson_of(engagement, request.user, lesson)
    progress.begin(engagement, request.user, here.course)
    _row, secret = practice.make_key(by=request.user)
    context = pages.frame(engagement, "enablement:catalogue", _("Practice key"))
    context |= {"secret": secret}
    template = "enablement/_practice_key.html" if request.htmx else "enablement/practice_key.html"
    return render(request, template, context)
