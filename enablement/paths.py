"""Paths: for whom a course is."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Path(models.TextChoices):
    """What somebody of the customer does with Lepton."""

    OPERATOR = "operator", _("Operator")
    INTEGRATOR = "integrator", _("Integrator")
    ADMINISTRATOR = "administrator", _("Administrator")


WHAT_FOR = {
    Path.OPERATOR: _("Works with the answers: reads figures, reviews, corrects."),
    Path.INTEGRATOR: _("Connects programs: calls the API and handles what goes wrong."),
    Path.ADMINISTRATOR: _("Looks after it: people, keys, versions, alerts, sign-offs."),
}
