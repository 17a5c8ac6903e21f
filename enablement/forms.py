"""Forms of customer training."""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from enablement import catalogue, practicals, quizzes
from enablement.models import Course
from enablement.paths import Path
from engagements.plan import possible_assignees

WORDS = forms.Textarea(attrs={"rows": 3})
ZONES = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
QUIZ_HELP = _("A line “### Question”, then “- [ ] wrong” and “- [x] right” options, then “> Why”.")


def answers_in(data, lesson) -> list[list[int]]:
    """The options chosen for each question: fields q0, q1, …"""
    chosen = [data.getlist(f"q{number}") for number in range(len(lesson.questions))]
    return [[int(one) for one in some if one.isdecimal()] for some in chosen]


class CurriculumForm(forms.Form):
    """How many people finish which path, which courses are taught, how often we ask."""

    courses = forms.ModelMultipleChoiceField(
        None, label=_("Courses"), widget=forms.CheckboxSelectMultiple
    )
    survey_every_days = forms.IntegerField(
        label=_("Ask for a recommendation every (days)"),
        required=False,
        min_value=7,
        max_value=730,
        help_text=_("From go-live on; empty: never."),
    )

    def __init__(self, *args, engagement, **kwargs):
        super().__init__(*args, **kwargs)
        chosen = catalogue.curriculum_of(engagement)
        self.fields["courses"].queryset = Course.objects.offered()
        self.fields["courses"].initial = catalogue.courses_of(engagement)
        self.fields["survey_every_days"].initial = chosen.survey_every_days
        people = {
            path.value: forms.IntegerField(
                label=_("%s: people who must finish") % path.label,
                min_value=0,
                max_value=100,
                initial=chosen.people.get(path, 0),
            )
            for path in Path
        }
        self.fields = people | self.fields

    @property
    def answers(self) -> dict:
        data = dict(self.cleaned_data)
        return (
            data
            | {"people": {path.value: data.pop(path.value) for path in Path}}
            | {name: data[name] for name in ("courses", "survey_every_days")}
        )


class SurveyForm(forms.Form):
    """How likely one is to recommend us."""

    score = forms.TypedChoiceField(
        label=_("How likely are you to recommend us to a colleague? 0: not at all, 10: very"),
        coerce=int,
        choices=[(n, str(n)) for n in range(11)],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(label=_("Why?"), required=False, max_length=2000, widget=WORDS)


class SessionChangeForm(forms.Form):
    """When and where people meet."""

    title = forms.CharField(label=_("Title"), max_length=200)
    path = forms.ChoiceField(
        label=_("For"), required=False, choices=[("", _("Everybody")), *Path.choices]
    )
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(zone, zone) for zone in ZONES], initial="Europe/Berlin"
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=1440, initial=60)
    place = forms.CharField(label=_("Place or link"), required=False, max_length=300)

    def clean(self) -> dict:
        """Read the clock in its zone; a time that daylight saving skips or repeats is refused."""
        data = super().clean()
        if {"day", "time", "time_zone"} <= data.keys():
            clock = datetime.combine(data["day"], data["time"])
            try:
                with timezone.override(data["time_zone"]):
                    data["starts_at"] = from_current_timezone(clock)
            except ValidationError as error:
                self.add_error("time", error)
        return data

    @property
    def answers(self) -> dict:
        return {n: value for n, value in self.cleaned_data.items() if n not in ("day", "time")}


class SessionForm(SessionChangeForm):
    """A session to book, and whom to invite."""

    people = forms.MultipleChoiceField(
        label=_("Invite"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.known = {str(one.pk): one for one in possible_assignees()}
        self.fields["people"].choices = [(pk, str(one)) for pk, one in self.known.items()]

    def clean_people(self) -> list[User]:
        return [self.known[pk] for pk in self.cleaned_data["people"]]


def session_as_initial(session) -> dict:
    """What the form of a session starts from: its own time zone's clock."""
    local = session.starts_at.astimezone(ZoneInfo(session.time_zone))
    names = ("title", "path", "time_zone", "minutes", "place")
    facts = {name: getattr(session, name) for name in names}
    return facts | {"day": local.date(), "time": local.time()}


class AttendanceForm(forms.Form):
    """Who was there, and what was said."""

    present = forms.ModelMultipleChoiceField(None, required=False)
    notes = forms.CharField(required=False, max_length=10_000)

    def __init__(self, *args, session, **kwargs):
        super().__init__(*args, **kwargs)
        invited = session.attendances.values("user")
        self.fields["present"].queryset = User.objects.filter(pk__in=invited)


class SessionRatingForm(forms.Form):
    """How good a session was."""

    score = forms.TypedChoiceField(
        label=_("How good was it?"), coerce=int, choices=[(n, str(n)) for n in range(5, 0, -1)]
    )
    comment = forms.CharField(label=_("Why?"), required=False, max_length=2000)


class RecordingForm(forms.Form):
    """A recording to attach."""

    recording = forms.FileField(label=_("Recording"))


class CourseForm(forms.Form):
    """What the catalogue says of a course."""

    title = forms.CharField(label=_("Title"), max_length=120)
    path = forms.ChoiceField(label=_("For"), choices=Path)
    summary = forms.CharField(label=_("Summary"), required=False, max_length=400, widget=WORDS)
    is_standard = forms.BooleanField(
        label=_("Standard"),
        required=False,
        help_text=_("Taught in every engagement for which nothing else is chosen."),
    )


class NewCourseForm(CourseForm):
    """A course to begin."""

    key = forms.SlugField(
        label=_("Short name"), max_length=60, help_text=_("As in “press-line-4”; it stays.")
    )
    field_order = ["title", "key", "path"]

    def clean_key(self):
        return slugify(self.cleaned_data["key"])


class PublishForm(forms.Form):
    """What counts as passed."""

    pass_percent = forms.IntegerField(label=_("Pass mark (%)"), min_value=1, max_value=100)


class CourseFileForm(forms.Form):
    """A file of a course."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("Pictures, films (mp4, webm), captions (vtt), material (pdf, zip, csv …)."),
    )


class LessonForm(forms.Form):
    """A lesson to write."""

    title = forms.CharField(label=_("Title"), max_length=120)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=240, initial=5)
    body = forms.CharField(
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=_("Markdown; ![What it shows](course:press.png) shows a file of the course."),
    )
    questions = forms.CharField(
        label=_("Quiz"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=QUIZ_HELP,
    )
    practicals = forms.MultipleChoiceField(
        label=_("Practicals"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["practicals"].choices = [(one.key, one.title) for one in practicals.known()]

    def clean_questions(self) -> list[dict]:
        try:
            return quizzes.read(self.cleaned_data["questions"])
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from None

    @property
    def answers(self) -> dict:
        return dict(self.cleaned_data)


def lesson_as_initial(lesson) -> dict:
    """What the form of a lesson starts from."""
    if lesson is None:
        return {}
    names = ("title", "minutes", "body", "practicals")
    facts = {name: getattr(lesson, name) for name in names}
    return facts | {"questions": quizzes.as_text(lesson.questions)}
