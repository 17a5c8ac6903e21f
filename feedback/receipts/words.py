"""A receipt in words: what became of the feedback, step by step."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from feedback.iteration import gathering
from feedback.receipts import settling
from feedback.receipts.models import Receipt

State, Fate = Receipt.State, Receipt.Fate


class Step(NamedTuple):
    """One thing that happened, or is waited for; `tone` is good, warn or plain."""

    text: str
    tone: str = ""
    url: str = ""


def steps(receipt) -> list[Step]:
    """Return what became of it so far, in order, and what it waits for."""
    found = [_settled(receipt)]
    if receipt.fate:
        found.append(_used(receipt))
    elif receipt.state == State.ACCEPTED and receipt.label:
        found.append(Step(_("Waits for the next data iteration.")))
    if receipt.model_version_id:
        found.append(_answered(receipt))
    return found


def _settled(receipt) -> Step:
    if receipt.state == State.SECOND_OPINION:
        why = settling.WHY.get(receipt.why, "")
        return Step(_("Waits for a second opinion. %s") % why, "warn")
    if receipt.state == State.ADJUDICATION:
        return Step(_("People differ: somebody decides between them."), "warn")
    if not receipt.label:
        return Step(_("Accepted: the input is not usable, nothing is learned from it."), "good")
    words = _("Decided between people who differed: it is “%s”.")
    words = words if receipt.is_adjudicated else _("Accepted: it is “%s”.")
    return Step(words % receipt.label, "good")


def _used(receipt) -> Step:
    if receipt.fate == Fate.LEFT_OUT:
        words = gathering.REASONS.get(receipt.reason, receipt.reason)
        return Step(_("Left out of the data. %s") % words, "warn")
    words = {
        Fate.ADDED: _("Added to dataset version %s."),
        Fate.RELABELLED: _("Relabelled in dataset version %s."),
        Fate.HOLDOUT: _("Relabelled in the holdout of dataset version %s; scores were restated."),
        Fate.THERE: _("Dataset version %s says so already."),
    }[receipt.fate]
    return Step(words % receipt.version.number, "good", receipt.version.get_absolute_url())


def _answered(receipt) -> Step:
    version = receipt.model_version
    words = {"version": version.number, "label": receipt.answer}
    if receipt.now_right:
        return Step(_("Model version %(version)s now answers right.") % words, "good")
    return Step(_("Model version %(version)s still says “%(label)s”.") % words, "warn")
