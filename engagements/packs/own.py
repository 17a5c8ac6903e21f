"""The sections on the record itself: what was asked, agreed, judged, checked and signed."""

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.roles import Role
from engagements import acceptance, gates, judged, packs, requirement_words, signoffs, verdicts
from engagements.models import Outcome, Signoff
from engagements.phases import Phase
from lepton.templatetags.ui import interval, percent


def register():
    """Write the sections of the record."""
    for place, write in [
        (10, requirement),
        (20, contract),
        (80, checks),
        (90, contacts),
        (100, signatures),
    ]:
        packs.register(f"engagements.{write.__name__}", place, write)


def requirement(engagement):
    """The version that stands, field by field."""
    found = engagement.requirement
    if found is None:
        return packs.section(_("Requirement"), packs.text(_("None is written down.")))
    rows = [(row["title"], row["words"]) for row in requirement_words.rows(found)]
    version = (_("Version"), f"{found.version}, {when(found.created_at)}")
    return packs.section(_("Requirement"), packs.facts([version, *rows]))


def contract(engagement):
    """The contract that stands, and the newest verdict under it."""
    found = engagement.contract
    title = _("Acceptance contract and verdict")
    if found is None:
        return packs.section(title, packs.text(_("None is frozen.")))
    terms = [
        (row["label"], row.get("words") or percent(row["target"]))
        for row in acceptance.terms(found)
    ]
    about = [
        (_("Version"), f"{found.version}, {when(found.created_at)}"),
        (
            _("Holdout"),
            _("%(label)s, %(n)s images") % {"label": found.holdout_label, "n": found.holdout_n},
        ),
        (_("Hash of the holdout"), found.holdout_sha256),
        (_("Hash of the contract"), found.sha256),
    ]
    verdict = judged.verdict_now(engagement)
    return packs.section(title, packs.facts(about + terms), *_verdict(verdict))


def _verdict(verdict):
    if verdict is None:
        return [packs.text(_("No model version was judged by it."))]
    facts = {
        "model": verdict.candidate_label,
        "outcome": verdict.get_outcome_display(),
        "at": when(verdict.created_at),
    }
    head = [_("Criterion"), _("Measured"), _("95% interval"), _("Target"), "n", _("Outcome")]
    rows = [_criterion(one) for one in verdict.criteria]
    words = _("%(model)s: %(outcome)s (%(at)s).") % facts
    return [packs.heading(_("Verdict")), packs.text(words), packs.table(head, rows)]


def _criterion(one):
    return [
        verdicts.title(one),
        percent(one["value"]),
        interval(one["low"], one["high"]),
        percent(one["target"]),
        number_format(one["n"], 0),
        Outcome(one["outcome"]).label,
    ]


def checks(engagement):
    """Every check of going live as it stands, with waivers."""
    found = gates.looked_at(engagement, gates.checks_of(Phase.GO_LIVE))
    rows = [[one.title, _state(one), one.finding.words] for one in found]
    head = [_("Check"), _("State"), _("Finding")]
    return packs.section(_("Checks of going live"), packs.table(head, rows))


def _state(check):
    if check.met:
        return _("met")
    if not check.waived:
        return _("unmet")
    facts = {"asker": check.waiver.created_by_label, "granter": check.waiver.granted_by_label}
    return _("waived (%(asker)s asked, %(granter)s granted)") % facts


def contacts(engagement):
    """Who to turn to on both sides."""
    manager = engagement.account_manager
    rows = [[_("Account manager"), manager.name, manager.email]] if manager else []
    owners = Membership.objects.by_name().filter(role=Role.OWNER)
    rows += [[_("Owner at the customer"), one.user.name, one.user.email] for one in owners]
    engineers = User.objects.filter(staff_role="ml_engineer", is_active=True).order_by("name")
    rows += [[_("ML engineer"), one.name, one.email] for one in engineers]
    found = engagement.requirement
    if found and found.acceptance_owner:
        rows.append([_("Acceptance owner"), found.acceptance_owner, ""])
    return packs.section(_("Contacts"), packs.table([_("Role"), _("Name"), _("E-mail")], rows))


def signatures(engagement):
    """Who signed what, by its hash, and who has yet to."""
    rows, missing = [], []
    for kind in Signoff.Kind:
        for one in signoffs.standing(engagement, kind):
            side = one.get_side_display()
            rows.append(
                [kind.label, one.created_by_label, side, when(one.created_at), one.sha256[:16]]
            )
        names = ", ".join(signoffs.missing(engagement, kind))
        if names:
            words = _("%(kind)s: not signed yet by %(names)s.")
            missing.append(words % {"kind": kind.label, "names": names})
    head = [_("What"), _("Signed by"), _("Side"), _("When"), _("Hash")]
    return packs.section(_("Signatures"), packs.table(head, rows), packs.bullets(missing))


def when(moment) -> str:
    """A moment as the pack writes it, in the zone of who has it generated."""
    return f"{date_format(localtime(moment), 'Y-m-d H:i')} {localtime(moment).tzname()}"
