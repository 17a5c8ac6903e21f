"""Forms of receipts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.receipts.models import Receipt


class FileForm(forms.Form):
    """A file of answers."""

    file = forms.FileField(
        label=_("CSV or JSON Lines"),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )


class ReceiptFilter(forms.Form):
    """What the list of receipts is narrowed to."""

    state = forms.ChoiceField(label=_("State"), required=False)
    fate = forms.ChoiceField(label=_("In the data"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [("", _("All")), *Receipt.State.choices]
        self.fields["fate"].choices = [("", _("All")), *Receipt.Fate.choices]

    @property
    def narrowed(self) -> dict:
        """The valid filters that were chosen; a wrong one narrows nothing."""
        self.full_clean()
        found = {name: self.cleaned_data.get(name) for name in self.fields}
        return {name: value for name, value in found.items() if value}
