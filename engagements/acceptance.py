"""The acceptance contract as its page shows it: terms, verdicts, candidates, signatures."""

from django.utils.translation import gettext as _

from engagements import holdouts, signoffs, verdicts
from engagements.models import Side, Signoff, Verdict
from lepton.lib.canonical import sha256_of

NEWEST = 20
CONTRACT_KINDS = (Signoff.Kind.CONTRACT, Signoff.Kind.GO_LIVE)


def facts(engagement, user) -> dict:
    """What stands for an engagement and what is proposed, as `user` sees it."""
    contract, newest = engagement.contract, engagement.newest_contract
    proposed = None if newest == contract else newest
    given = Verdict.objects.newest_first().filter(contract__engagement=engagement)[:NEWEST]
    given = [shown(verdict) for verdict in given]
    return {
        "contract": contract,
        "terms": terms(contract) if contract else [],
        "proposed": proposed,
        "proposed_terms": terms(proposed) if proposed else [],
        "verdicts": given,
        "verdict": next((v for v in given if v["verdict"].contract_id == contract.pk), None)
        if contract
        else None,
        "candidates": candidates(engagement, contract) if contract else [],
        "to_sign": [to_sign(engagement, kind, user) for kind in CONTRACT_KINDS],
        "signoffs": list(engagement.signoffs.newest_first()[:NEWEST]),
    }


def terms(contract) -> list[dict]:
    """The criteria of a contract as titles with a target between 0 and 1, or in words."""
    rows = [
        {"label": _("Accuracy"), "target": contract.accuracy_target},
        {"label": _("Macro F1"), "target": contract.macro_f1_target},
        {"label": _("Macro AUC"), "target": contract.macro_auc_target},
    ]
    for label, least in sorted(contract.minimum_recalls.items()):
        rows.append({"label": _("Recall of “%s”") % label, "target": least})
    if contract.p95_latency_ms:
        words = _("at most %s ms") % contract.p95_latency_ms
        rows.append({"label": _("95% of answers"), "words": words, "target": ""})
    return [row for row in rows if row["target"] is not None]


def shown(verdict) -> dict:
    """A verdict with its criteria as the metric component takes them."""
    return {"verdict": verdict, "metrics": [_metric(one) for one in verdict.criteria]}


def candidates(engagement, contract) -> list[dict]:
    """The measured model versions, and of each whether its figures count under the contract."""
    counting, others = {}, {}
    for one in holdouts.candidates(engagement):
        counts = one.holdout_sha256 == contract.holdout_sha256
        (counting if counts else others).setdefault(one.id, {"candidate": one, "counts": counts})
    return [*counting.values(), *(row for id_, row in others.items() if id_ not in counting)]


def to_sign(engagement, kind, user) -> dict:
    """What is to be signed of a kind, who has, and whether `user` is asked to."""
    wanted, missing = signoffs.statement(engagement, kind), signoffs.missing(engagement, kind)
    signed, is_of_contract = signoffs.standing(engagement, kind), kind in CONTRACT_KINDS
    have, named = {one.created_by_id for one in signed}, signoffs.may_sign(engagement, kind, user)
    waited_for = signoffs.waited_for(engagement, kind) if wanted and is_of_contract else []
    return {
        "kind": kind,
        "statement": wanted,
        "sha256": sha256_of(wanted) if wanted else "",
        "signed": signed,
        "missing": missing,
        "asks_you": bool(wanted and named and user.pk not in have),
        "waits_for_customer": any(one.side == Side.CUSTOMER for one in waited_for),
    }


def _metric(criterion) -> dict:
    label, note = verdicts.title(criterion), verdicts.words(criterion)
    if not criterion["n"]:
        return {"label": label, "text": "–", "note": note}
    figures = {name: criterion[name] for name in ("value", "low", "high", "n", "target")}
    return {"label": label, "note": note, **figures}
