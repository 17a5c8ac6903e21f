"""The checks on data and models."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import gates, holdouts, judged, pages
from engagements.gates import Finding
from engagements.models import Outcome, Verdict
from engagements.phases import Phase
from training.models import DatasetVersion, ModelApproval


def register():
    """Guard phases by what was frozen and measured."""
    measured = gettext_lazy("Model measured on the contract's holdout")
    gates.register("training.measured", measured, [Phase.POC, Phase.FINE_TUNING], model_measured)
    approved = gettext_lazy("Accepted model approved by an ML engineer")
    gates.register("training.approved", approved, [Phase.FINE_TUNING], model_approved)
    frozen = gettext_lazy("Data of the next iteration frozen")
    gates.register("training.data_frozen", frozen, [Phase.DATA_ITERATION], data_frozen)


def model_measured(engagement) -> Finding:
    """A model version was evaluated on the standing contract's holdout for this iteration."""
    url, contract = pages.url("training:models", engagement), engagement.contract
    if contract is None:
        return Finding(False, _("No contract names a holdout yet."), url=url)
    since = judged.measured_since(engagement)
    for one in holdouts.candidates(engagement):
        if one.holdout_sha256 == contract.holdout_sha256 and one.measured_at >= since:
            words = _("%(model)s on %(n)s images.") % {"model": one.label, "n": one.n}
            evidence = {"model": one.label, "n": one.n, "correct": one.correct}
            return Finding(True, words, evidence | {"holdout": one.holdout_sha256}, one.url)
    words = _("No model version was measured on it yet.")
    if engagement.iteration > 1:
        words = _("No model version was measured on it for this iteration yet.")
    return Finding(False, words, url=url)


def model_approved(engagement) -> Finding:
    """The model version that passed last was approved by one of the vendor's ML engineers."""
    url = pages.url("training:models", engagement)
    passes = Verdict.objects.filter(outcome=Outcome.PASS)
    since = judged.began(engagement)
    passed = passes.newest_under(engagement.signed_contract, since=since)
    version = passed and engagement.model_versions.filter(pk=passed.candidate_id).first()
    if version is None:
        return Finding(False, _("No model has passed under the standing contract yet."), url=url)
    url, approval = version.get_absolute_url(), version.approval
    evidence = {"model": str(version), "decision": approval and approval.decision}
    if approval is None:
        return Finding(False, _("%s waits for a decision.") % version, evidence, url)
    words = {"person": approval.created_by_label, "model": version, "reason": approval.reason}
    if approval.decision == ModelApproval.Decision.REJECTED:
        rejected = _("%(person)s rejected %(model)s: %(reason)s")
        return Finding(False, rejected % words, evidence, url)
    evidence |= {"by": approval.created_by_label, "reason": approval.reason}
    return Finding(True, _("%(person)s approved %(model)s.") % words, evidence, url)


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
