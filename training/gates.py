"""The checks on data and models."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import gates, holdouts, pages
from engagements.gates import Finding
from engagements.phases import Phase
from training.models import DatasetVersion


def register():
    """Guard phases by what was frozen and measured."""
    measured = gettext_lazy("Model measured on the contract's holdout")
    gates.register("training.measured", measured, [Phase.POC, Phase.FINE_TUNING], model_measured)
    frozen = gettext_lazy("Data of the next iteration frozen")
    gates.register("training.data_frozen", frozen, [Phase.DATA_ITERATION], data_frozen)


def model_measured(engagement) -> Finding:
    """A model version was evaluated on the holdout the standing contract names."""
    url, contract = pages.url("training:models", engagement), engagement.contract
    if contract is None:
        return Finding(False, _("No contract names a holdout yet."), url=url)
    for one in holdouts.candidates(engagement):
        if one.holdout_sha256 == contract.holdout_sha256:
            words = _("%(model)s on %(n)s images.") % {"model": one.label, "n": one.n}
            evidence = {"model": one.label, "n": one.n, "correct": one.correct}
            return Finding(True, words, evidence | {"holdout": one.holdout_sha256}, one.url)
    return Finding(False, _("No model version was measured on it yet."), url=url)


def data_frozen(engagement) -> Finding:
    """A dataset version was frozen since this phase began."""
    versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
    newest = versions.for_lists().order_by("-created_at").first()
    url = pages.url("training:data", engagement)
    if newest is None or newest.created_at < engagement.phase_since:
        words = _("No dataset version was frozen since this phase began.")
        return Finding(False, words, url=url)
    evidence = {"version": str(newest), "images": newest.images}
    evidence["manifest_sha256"] = newest.manifest_sha256
    return Finding(True, _("%s is frozen.") % newest, evidence, newest.get_absolute_url())
