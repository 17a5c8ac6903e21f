"""Forms of templates: the phases, and rows of action items and milestones."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from engagements.models import EngagementTemplate, Side
from engagements.models.template import DRILL_DAYS
from engagements.phases import Phase
from engagements.response_forms import HoursForm

SPARE_ROWS = 3
MOST_ROWS = 60


class TemplateForm(forms.Form):
    """What a template is called, and which phases it goes through."""

    name = forms.CharField(label=_("Name"), max_length=80)
    description = forms.CharField(
        label=_("Description"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For which kind of engagement it is meant."),
    )
    phases = forms.MultipleChoiceField(
        label=_("Phases"),
        choices=Phase,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("At least two; they follow each other in this order, then round again."),
    )
    drill_days = forms.IntegerField(
        label=_("Rollback practised within days"),
        min_value=1,
        max_value=730,
        initial=DRILL_DAYS,
        required=False,
        help_text=_("How old a rollback drill may be when going live."),
    )


class Row(forms.Form):
    """A row of a template; one without a title is left out."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    phase = forms.ChoiceField(label=_("Phase"), choices=Phase, initial=Phase.POC)
    due_days = forms.IntegerField(
        label=_("Due in days"), required=False, min_value=0, max_value=3650
    )
    is_private = forms.BooleanField(label=_("Private"), required=False)


class ItemRow(Row):
    """An action item of a template."""

    key = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    side = forms.ChoiceField(label=_("Who"), choices=Side, initial=Side.VENDOR)
    is_required = forms.BooleanField(label=_("Guards"), required=False)
    after = forms.CharField(
        label=_("After rows"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"size": 5, "placeholder": _("As in 1, 3")}),
    )
    field_order = ["title", "phase", "side", "due_days", "is_required", "is_private", "after"]


ItemRows = forms.formset_factory(ItemRow, extra=SPARE_ROWS, max_num=MOST_ROWS)
MilestoneRows = forms.formset_factory(Row, extra=SPARE_ROWS, max_num=MOST_ROWS)


class TemplateForms:
    """The whole of a template: its form and its two tables of rows."""

    def __init__(self, data=None, *, template=None):
        self.key = template.key if template else ""
        initial = as_initial(template) if template else {}
        self.form = TemplateForm(data, initial=initial.get("form"))
        self.items = ItemRows(data, prefix="items", initial=initial.get("items"))
        self.milestones = MilestoneRows(
            data, prefix="milestones", initial=initial.get("milestones")
        )
        self.hours = HoursForm(data, prefix="hours", initial=initial.get("hours"))
        self.parts = (self.form, self.items, self.milestones, self.hours)

    def is_valid(self) -> bool:
        found = [part.is_valid() for part in self.parts]  # each says what it refuses
        return all(found)

    @property
    def answers(self) -> dict:
        """What was filled in, as `save_template` takes it. Raises ValidationError."""
        data = self.form.cleaned_data
        return data | {
            "drill_days": data["drill_days"] or DRILL_DAYS,
            "key": self.key or new_key(data["name"]),
            "items": _items(self.items),
            "milestones": [_plain(row) for _number, row in _filled(self.milestones)],
            "response_hours": self.hours.cleaned_data,
        }


def as_initial(template) -> dict:
    """A template as its forms show it: what an item comes after is said by row number."""
    numbers = {row["key"]: str(number) for number, row in enumerate(template.items, start=1)}
    items = [
        row | {"after": ", ".join(numbers[key] for key in row["after"])} for row in template.items
    ]
    names = ("name", "description", "phases", "drill_days")
    facts = {name: getattr(template, name) for name in names}
    rows = {"items": items, "milestones": template.milestones}
    return {"form": facts, **rows, "hours": template.response_hours}


def new_key(name) -> str:
    """A key that no template has yet, made of its name."""
    base = slugify(name)[:34] or "template"
    taken = set(EngagementTemplate.objects.values_list("key", flat=True))
    others = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (base, *others) if key not in taken)


def _filled(rows):
    """(number as shown, data) of the rows that have a title."""
    found = [(number, form.cleaned_data) for number, form in enumerate(rows, start=1)]
    return [(number, data) for number, data in found if data.get("title")]


def _items(rows):
    filled = _filled(rows)
    used = {data["key"] for _number, data in filled if data["key"]}
    keys = {n: data["key"] or _unused(f"row-{n}", used) for n, data in filled}
    sides = ("side", "is_required")
    return [
        _plain(data)
        | {name: data[name] for name in sides}
        | {"key": keys[n], "after": _keys_of(data, keys)}
        for n, data in filled
    ]


def _unused(key, used):
    while key in used:
        key += "x"
    used.add(key)
    return key


def _keys_of(data, keys):
    """The keys of the rows it comes after, named by their numbers."""
    found = []
    for word in re.split(r"[,;\s]+", data["after"].strip()):
        if word and not (word.isdecimal() and int(word) in keys):
            words = _("“%(title)s” comes after row %(row)s, which is not there.")
            raise ValidationError(words % {"title": data["title"], "row": word})
        if word and keys[int(word)] not in found:
            found.append(keys[int(word)])
    return found


def _plain(data):
    return {name: data[name] for name in ("title", "phase", "due_days", "is_private")}
