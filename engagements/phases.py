"""The loop: the phases an engagement goes through, in order."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Phase(TextChoices):
    """One phase of the loop; after the last one the next iteration starts again at the first."""

    POC = "poc", _("PoC")
    FINE_TUNING = "fine_tuning", _("Fine-tuning")
    DEPLOYMENT = "deployment", _("Deployment")
    MONITORING = "monitoring", _("Monitoring")
    CUSTOMER_TRAINING = "customer_training", _("Customer training")
    GO_LIVE = "go_live", _("Go-live")
    OPTIMISATION = "optimisation", _("Continuous optimisation")
    FEEDBACK = "feedback", _("Customer feedback")
    DATA_ITERATION = "data_iteration", _("Data iteration")


ORDER = list(Phase)


def following(phases: list[str], phase: str) -> tuple[Phase, int]:
    """Return which of `phases` comes after `phase`, and how many iterations that adds (0 or 1)."""
    position = phases.index(phase) + 1
    return Phase(phases[position % len(phases)]), position // len(phases)
