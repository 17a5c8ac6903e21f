"""Forms of the plan: action items, milestones, documents, decisions, ratings."""

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagements import plan
from engagements.models import ActionItem, Side
from engagements.phases import Phase

DATE = forms.DateInput(attrs={"type": "date"})
WORDS = forms.Textarea(attrs={"rows": 3})
PRIVATE = _("The customer does not see it.")


class PlannedForm(forms.Form):
    """What every part of a plan has: a title, and for the vendor whether it is private."""

    title = forms.CharField(label=_("Title"), max_length=200)

    def __init__(self, *args, engagement, side, **kwargs):
        super().__init__(*args, **kwargs)
        self.engagement, self.side = engagement, side
        if "phase" in self.fields:
            labels = [(phase, Phase(phase).label) for phase in engagement.phases]
            self.fields["phase"].choices = labels
            self.fields["phase"].initial = engagement.phase
        if side == Side.VENDOR:
            self.fields["is_private"] = forms.BooleanField(
                label=_("Private to the vendor"), required=False, help_text=PRIVATE
            )


class ActionItemForm(PlannedForm):
    """Something a side has to do."""

    side = forms.ChoiceField(label=_("Who does it"), choices=Side)
    assignee = forms.ChoiceField(label=_("Person"), required=False)
    due_on = forms.DateField(label=_("Due"), required=False, widget=DATE)
    phase = forms.ChoiceField(label=_("Phase"), choices=Phase)
    is_required = forms.BooleanField(
        label=_("Guards its phase"),
        required=False,
        initial=True,
        help_text=_("The phase cannot be left before it is done or dropped."),
    )
    needs = forms.ModelMultipleChoiceField(
        None, label=_("After"), required=False, help_text=_("What has to be done before it.")
    )
    detail = forms.CharField(label=_("Details"), required=False, max_length=4000, widget=WORDS)
    field_order = ["title", "side", "assignee", "due_on", "phase", "is_required", "is_private"]

    def __init__(self, *args, engagement, side, item=None, **kwargs):
        super().__init__(*args, engagement=engagement, side=side, **kwargs)
        items = ActionItem.objects.filter(engagement=engagement).for_side(side)
        waits = models.Q(dependents__item=item) if item else models.Q()
        standing = items.filter(models.Q(done_at=None, dropped_at=None) | waits).distinct()
        self.fields["needs"].queryset = standing.exclude(pk=item.pk) if item else standing
        self.people = {str(one.pk): one for one in plan.possible_assignees()}
        self.fields["assignee"].choices = [("", _("Anybody of this side"))] + [
            (pk, str(person)) for pk, person in self.people.items()
        ]
        if side == Side.CUSTOMER:
            self.fields["side"].choices = [(Side.CUSTOMER.value, Side.CUSTOMER.label)]

    def clean_assignee(self):
        return self.people.get(self.cleaned_data["assignee"])


def item_as_initial(item) -> dict:
    """What the form of an item that stands starts from."""
    names = ("title", "side", "due_on", "phase", "is_required", "is_private", "detail")
    facts = {name: getattr(item, name) for name in names}
    return facts | {"assignee": str(item.assignee_id or ""), "needs": item.needs.all()}


class MilestoneForm(PlannedForm):
    """A date to look forward to."""

    due_on = forms.DateField(label=_("Due"), required=False, widget=DATE)
    phase = forms.ChoiceField(label=_("Phase"), choices=Phase)


class DocumentForm(PlannedForm):
    """A file for the record."""

    title = forms.CharField(
        label=_("Title"), max_length=200, required=False, help_text=_("Else the file's name.")
    )
    file = forms.FileField(label=_("File"), help_text=_("At most 25 MB."))


class DecisionForm(PlannedForm):
    """What was decided, and why."""

    title = forms.CharField(label=_("Decision"), max_length=200)
    reason = forms.CharField(label=_("Why"), max_length=4000, widget=WORDS)
    replaces = forms.ModelChoiceField(
        None, label=_("Replaces"), required=False, empty_label=_("No earlier decision")
    )

    def __init__(self, *args, engagement, side, **kwargs):
        super().__init__(*args, engagement=engagement, side=side, **kwargs)
        standing = engagement.decisions.for_side(side).filter(replaced_by=None)
        self.fields["replaces"].queryset = standing.order_by("-created_at")


class RatingForm(forms.Form):
    """How satisfied one is."""

    score = forms.TypedChoiceField(
        label=_("How satisfied are you?"),
        coerce=int,
        choices=[
            (5, _("5 – very")),
            (4, _("4 – rather")),
            (3, _("3 – so so")),
            (2, _("2 – hardly")),
            (1, _("1 – not at all")),
        ],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=_("What should we keep or change?"), required=False, max_length=2000, widget=WORDS
    )
