"""The stations of the record: requirement, contract, verdicts, signatures."""

from django.utils.translation import gettext as _

from engagements import pages
from engagements.models import AcceptanceContract, Requirement, Signoff, Verdict
from feedback.trace.parts import SHOWN, Station, Stop
from lepton.templatetags.ui import percent


def stations(reach) -> list[Station]:
    """What was asked for, what was agreed, what was judged, and who signed."""
    engagements = reach.engagement_ids
    return [
        _requirements(reach, engagements),
        _contracts(reach, engagements),
        _verdicts(reach),
        _signoffs(engagements),
    ]


def _requirements(reach, engagements):
    rows = Requirement.objects.filter(engagement__in=engagements)
    found = _standing(rows, reach.at)
    stops = [
        Stop(
            one.pk,
            _("Version %s") % one.version,
            one.created_at,
            one.created_by_label,
            pages.url("engagements:requirement", one.engagement),
            facts=[
                ("need", _("Need"), one.need),
                ("metric", _("Metric"), one.get_metric_display()),
                ("target", _("Target"), percent(one.target)),
                ("classes", _("Classes"), ", ".join(one.classes)),
            ],
        )
        for one in found
    ]
    nothing = _("No requirement was written.")
    return Station("requirement", _("Requirement"), "target", len(stops), stops, nothing)


def _contracts(reach, engagements):
    found = _standing(AcceptanceContract.objects.filter(engagement__in=engagements), reach.at)
    stops = [
        Stop(
            one.pk,
            _("Version %s") % one.version,
            one.created_at,
            one.created_by_label,
            pages.url("engagements:contract", one.engagement),
            facts=[
                ("sha256", "sha256", one.sha256),
                ("holdout_sha256", _("Holdout"), one.holdout_sha256),
            ],
        )
        for one in found
    ]
    nothing = _("No acceptance contract was frozen.")
    return Station("contract", _("Acceptance contract"), "lock", len(stops), stops, nothing)


def _verdicts(reach):
    rows = Verdict.objects.newest_first().filter(candidate_id__in=reach.models.values("pk"))
    stops = [
        Stop(
            one.pk,
            one.candidate_label,
            one.created_at,
            one.created_by_label,
            one.url,
            one.outcome,
            facts=[("contract", _("Contract"), one.contract.version)],
        )
        for one in rows[:SHOWN]
    ]
    nothing = _("No model here was judged by a contract.")
    return Station("verdicts", _("Verdicts"), "shield", rows.count(), stops, nothing)


def _signoffs(engagements):
    rows = Signoff.objects.standing().filter(engagement__in=engagements)
    found = rows.select_related("engagement__tenant").order_by("-created_at")
    stops = [
        Stop(
            one.pk,
            one.get_kind_display(),
            one.created_at,
            one.created_by_label,
            pages.url("engagements:contract", one.engagement),
            facts=[("side", _("Side"), one.get_side_display()), ("sha256", "sha256", one.sha256)],
        )
        for one in found[:SHOWN]
    ]
    nothing = _("Nobody has signed yet.")
    return Station("signoffs", _("Sign-offs"), "edit", rows.count(), stops, nothing)


def _standing(rows, at):
    """Of each engagement the version that stood at that time, else its first one."""
    by_engagement = {}
    for one in rows.select_related("engagement__tenant").order_by("version"):
        before = by_engagement.get(one.engagement_id)
        if before is None or one.created_at <= at:
            by_engagement[one.engagement_id] = one
    return list(by_engagement.values())
