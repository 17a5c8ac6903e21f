"""Quizzes: questions with one or several right options, and how answers are marked."""

from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class Marked(NamedTuple):
    """What became of the answers to a quiz."""

    right: int
    n: int
    is_passed: bool


def check_questions(questions) -> None:
    """Refuse a quiz nobody could pass, or fail."""
    for number, question in enumerate(questions, start=1):
        options = question["options"]
        right = sum(one["is_right"] for one in options)
        words = {"number": number}
        if not question["text"].strip():
            message = _("Question %(number)s asks nothing.") % words
        elif len(options) < 2:
            message = _("Question %(number)s needs at least two options.") % words
        elif not 0 < right < len(options):
            message = _("Question %(number)s needs a right option, and a wrong one.") % words
        elif not question["why"].strip():
            message = _("Say why the right option of question %(number)s is right.") % words
        else:
            continue
        raise ValidationError({"questions": message})


def has_several(question) -> bool:
    """Whether more than one option is right."""
    return sum(one["is_right"] for one in question["options"]) > 1


def is_right(question, chosen) -> bool:
    """Whether exactly the right options were chosen."""
    return set(chosen) == {n for n, one in enumerate(question["options"]) if one["is_right"]}


def mark(lesson, answers, *, pass_percent) -> Marked:
    """Mark the chosen options of each question, as in [[1], [0, 2]].

    A lesson without questions is passed by saying that one has read it.
    """
    questions = lesson.questions
    if len(answers) != len(questions) or not all(answers):
        message = _("Answer every question: there are %s.") % len(questions)
        raise ValidationError({"answers": message})
    for question, chosen in zip(questions, answers, strict=True):
        if not set(chosen) <= set(range(len(question["options"]))):
            raise ValidationError({"answers": _("There is no such option.")})
    right = sum(is_right(q, chosen) for q, chosen in zip(questions, answers, strict=True))
    return Marked(right, len(questions), right * 100 >= pass_percent * len(questions))
