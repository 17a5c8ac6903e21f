"""The checks on the record itself: requirement, contract, verdict, sign-offs."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from engagements import gates, judged, pages, signoffs
from engagements.gates import Finding
from engagements.models import Outcome, Signoff
from engagements.phases import Phase


def register():
    """Guard phases by what stands in the record."""
    poc, go_live = [Phase.POC], [Phase.GO_LIVE]
    judged = [Phase.POC, Phase.FINE_TUNING, Phase.GO_LIVE]
    for key, title, phases, find in [
        ("requirement", gettext_lazy("Requirement written"), poc, requirement_written),
        ("contract", gettext_lazy("Acceptance contract frozen"), poc, contract_frozen),
        ("contract_signed", gettext_lazy("Contract signed"), poc, contract_signed),
        ("verdict", gettext_lazy("Verdict: pass"), judged, verdict_passed),
        ("go_live_signed", gettext_lazy("Go-live signed"), go_live, go_live_signed),
    ]:
        gates.register(f"engagements.{key}", title, phases, find)
    done = gettext_lazy("Action items of the phase done")
    gates.register("engagements.items_done", done, Phase, items_done)


def items_done(engagement) -> Finding:
    """Every action item that guards this phase is done or dropped."""
    url = pages.url("engagements:plan", engagement)
    required = engagement.actionitems.filter(
        iteration=engagement.iteration, phase=engagement.phase, is_required=True
    )
    waiting = list(required.still_open().order_by("due_on", "created_at"))
    evidence = {"required": required.count(), "open": len(waiting)}
    if not evidence["required"]:
        return Finding(True, _("Nothing is required in this phase."), evidence, url)
    if not waiting:
        return Finding(True, _("All %s are done.") % evidence["required"], evidence, url)
    # the words are for both sides: private items are counted, not named
    named = [f"“{item.title}”" for item in waiting if not item.is_private][:3]
    more = len(waiting) - len(named)
    if more:
        named.append(ngettext("%s more", "%s more", more) % more)
    return Finding(False, _("Still open: %s.") % ", ".join(named), evidence, url)


def requirement_written(engagement) -> Finding:
    """There is a requirement."""
    url, requirement = pages.url("engagements:requirement", engagement), engagement.requirement
    if requirement is None:
        return Finding(False, _("Nothing is written down yet."), url=url)
    words = _("Version %s stands.") % requirement.version
    return Finding(True, words, {"version": requirement.version}, url)


def contract_frozen(engagement) -> Finding:
    """There is an acceptance contract."""
    url, contract = pages.url("engagements:contract", engagement), engagement.newest_contract
    if contract is None:
        return Finding(False, _("No contract is frozen yet."), url=url)
    words = _("Version %s is frozen.") % contract.version
    return Finding(True, words, {"version": contract.version, "sha256": contract.sha256}, url)


def contract_signed(engagement) -> Finding:
    """Everybody named in the newest version of the contract has signed it."""
    return _signed(engagement, Signoff.Kind.CONTRACT)


def go_live_signed(engagement) -> Finding:
    """Everybody named in the standing contract has signed the go-live, or had when it was."""
    if then := signoffs.signed_to_go_live(engagement):
        names = ", ".join(one.created_by_label for one in then)
        evidence = {"signed": [one.created_by_label for one in then], "sha256": then[0].sha256}
        url = pages.url("engagements:contract", engagement)
        return Finding(True, _("Signed by %s when it went live.") % names, evidence, url)
    return _signed(engagement, Signoff.Kind.GO_LIVE)


def verdict_passed(engagement) -> Finding:
    """The newest verdict under the standing contract is a pass; later, that on what answers."""
    url, verdict = pages.url("engagements:contract", engagement), judged.verdict_now(engagement)
    if verdict is None:
        words = _("No model version was judged by the standing contract.")
        if engagement.iteration > 1 and engagement.phase in judged.PROOFS:
            words = _("No model version was judged by the standing contract in this iteration.")
        return Finding(False, words, url=url)
    evidence = {
        "contract_version": verdict.contract.version,
        "model": verdict.candidate_label,
        "outcome": verdict.outcome,
        "verdict": str(verdict.pk),
    }
    words = _("%(model)s: %(outcome)s.") % {
        "model": verdict.candidate_label,
        "outcome": verdict.get_outcome_display(),
    }
    return Finding(verdict.outcome == Outcome.PASS, words, evidence, url)


def _signed(engagement, kind):
    url = pages.url("engagements:contract", engagement)
    signed, missing = signoffs.standing(engagement, kind), signoffs.missing(engagement, kind)
    evidence = {"signed": [one.created_by_label for one in signed], "missing": missing}
    if not signed and not missing:
        return Finding(False, _("There is no contract that says who signs."), evidence, url)
    if missing:
        words = _("Not signed yet by %s.") % ", ".join(missing)
        return Finding(False, words, evidence, url)
    evidence["sha256"] = signed[0].sha256
    names = ", ".join(one.created_by_label for one in signed)
    return Finding(True, _("Signed by %s.") % names, evidence, url)
