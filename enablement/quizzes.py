"""Quizzes: questions with one or several right options, and how answers are marked.

People write them as text:

    ### What does it mean?
    - [ ] A wrong option
    - [x] The right one
    > Why it is right.
"""

import re
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class Marked(NamedTuple):
    """What became of the answers to a quiz."""

    right: int
    n: int
    is_passed: bool


_OPTION = re.compile(r"- \[([ xX])\] (.+)")


def read(text: str) -> list[dict]:
    """Return the questions of a text. Raises ValidationError naming the line it cannot read."""
    questions = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("### "):
            questions.append({"text": line[4:].strip(), "options": [], "why": ""})
            continue
        option = _OPTION.fullmatch(line)
        if not questions or not (option or line.startswith("> ")):
            raise ValidationError({"questions": _("This line cannot be read: %s") % line})
        if option:
            is_right = option[1] != " "
            questions[-1]["options"].append({"text": option[2], "is_right": is_right})
        else:
            questions[-1]["why"] = f"{questions[-1]['why']} {line[2:]}".strip()
    check_questions(questions)
    return questions


def as_text(questions) -> str:
    """Return questions as people write them."""
    parts = []
    for one in questions:
        options = [f"- [{'x' if o['is_right'] else ' '}] {o['text']}" for o in one["options"]]
        parts.append("\n".join([f"### {one['text']}", *options, f"> {one['why']}"]))
    return "\n\n".join(parts)


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
