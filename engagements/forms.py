"""Forms of engagements and their requirements."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User, slug_validator
from engagements.models import EngagementTemplate, Requirement
from engagements.phases import Phase


class ClassesField(forms.CharField):
    """Class names, one a line or separated by commas; gives a list."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value):
        return [name.strip() for name in super().to_python(value).replace(",", "\n").split("\n")]

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def validate(self, value):
        super().validate([name for name in value if name])

    def run_validators(self, value):
        pass  # the validators of a text do not fit a list; the service checks the names

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class RequirementForm(forms.Form):
    """What the customer needs, and how good is good enough."""

    need = forms.CharField(
        label=_("What is needed"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In the customer's words: which decision, at which point of their process."),
    )
    classes = ClassesField(
        label=_("Classes"), help_text=_("What the model tells apart, one name a line.")
    )
    metric = forms.ChoiceField(label=_("Measured by"), choices=Requirement.Metric)
    target = forms.DecimalField(
        label=_("Target in %"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        initial=95,
        help_text=_("On images that were never trained on."),
    )

    def clean_target(self):
        return self.cleaned_data["target"] / 100

    @property
    def requirement(self) -> dict:
        """The answers, as `write_requirement` takes them."""
        return {name: self.cleaned_data[name] for name in ("need", "classes", "metric", "target")}


class EngagementForm(forms.Form):
    """A new engagement of a tenant."""

    name = forms.CharField(
        label=_("Engagement"), max_length=120, help_text=_("As in “Surface inspection, line 4”.")
    )
    template = forms.ModelChoiceField(
        EngagementTemplate.objects.offered(),
        label=_("Type"),
        required=False,
        empty_label=_("Whole loop, nothing planned yet"),
        help_text=_("Which phases it goes through, and what is planned in them from the start."),
    )


class CustomerForm(RequirementForm, EngagementForm):
    """A new customer: the tenant, its first engagement and the person who owns it."""

    tenant_name = forms.CharField(label=_("Customer"), max_length=120)
    slug = forms.CharField(
        label=_("Short name"),
        max_length=50,
        validators=[slug_validator],
        widget=forms.TextInput(attrs={"data-slug-from": "#id_tenant_name"}),
        help_text=_("Part of every address and of the endpoint's URL: it cannot be changed."),
    )
    owner_name = forms.CharField(label=_("Owner's name"), max_length=120)
    email = forms.EmailField(
        label=_("Owner's email"), help_text=_("They are invited and choose their own password.")
    )
    field_order = ["tenant_name", "slug", "owner_name", "email", "name", "template"]


class OpenEngagementForm(RequirementForm, EngagementForm):
    """An engagement with its first requirement."""

    field_order = ["name", "template"]


class HandOverForm(forms.Form):
    """Who looks after an engagement."""

    manager = forms.ModelChoiceField(
        User.objects.account_managers(), label=_("Looked after by"), empty_label=_("Nobody")
    )


class CandidateForm(forms.Form):
    """The model version to be judged."""

    candidate_id = forms.UUIDField()


class BoardFilter(forms.Form):
    """What the board is narrowed to."""

    text = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Customer or engagement")}),
    )
    phase = forms.ChoiceField(label=_("Phase"), required=False)
    manager = forms.ModelChoiceField(None, label=_("Account manager"), required=False)

    def __init__(self, *args, managers, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["phase"].choices = [("", _("All phases")), *Phase.choices]
        self.fields["manager"].queryset = managers
        self.fields["manager"].empty_label = _("Everybody")

    @property
    def narrowed(self) -> dict:
        """The valid filters; a wrong one narrows nothing."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


class ListFilter(BoardFilter):
    """What the list is narrowed to: as the board, and by how the engagements stand."""

    state = forms.ChoiceField(
        label=_("Standing"),
        required=False,
        choices=[
            ("", _("All")),
            ("blocked", _("Gate has unmet checks")),
            ("overdue", _("Customer items overdue")),
            ("poor", _("Health below 60")),
        ],
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[
            ("newest", _("Newest in their phase")),
            ("longest", _("Longest in their phase")),
            ("health", _("Poorest health")),
            ("name", _("Name")),
        ],
    )
