"""The timeline: what happened, kept as a kind and its parameters and put into words when shown."""

from itertools import groupby

from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit import label_of
from engagements.models import TimelineEntry
from lepton.lib import live, words

SENTENCES = {
    "engagement.opened": _("opened the engagement"),
    "engagement.advanced": _("moved the engagement from %(from)s to %(to)s"),
    "engagement.went_round": _("started iteration %(iteration)s"),
    "requirement.written": _("wrote version %(version)s of the requirement"),
    "item.added": _("planned “%(title)s”"),
    "item.done": _("did “%(title)s”"),
    "engagement.handed_over": _("handed the engagement over to %(person)s"),
    "item.reopened": _("reopened “%(title)s”"),
    "item.dropped": _("dropped “%(title)s”: %(reason)s"),
    "milestone.added": _("set the milestone “%(title)s”"),
    "milestone.reached": _("reached the milestone “%(title)s”"),
    "milestone.rated": _("rated the milestone “%(title)s” with %(score)s of 5"),
    "document.added": _("added the document “%(title)s”"),
    "document.removed": _("removed the document “%(title)s”"),
    "decision.recorded": _("recorded the decision “%(title)s”"),
    "change.proposed": _("proposed a change to version %(version)s of the requirement: %(reason)s"),
    "change.accepted": _("accepted the change: version %(version)s of the requirement stands"),
    "change.declined": _("declined the change of the requirement: %(reason)s"),
    "change.withdrawn": _("withdrew the change of the requirement"),
    "waiver.requested": _("asked to waive “%(check)s”: %(reason)s"),
    "waiver.granted": _("granted the waiver of “%(check)s” that %(asker)s asked for"),
    "signoff.signed": _("signed: %(subject)s (%(hash)s)"),
    "signoff.revoked": _("took the signature back: %(subject)s (%(hash)s), because: %(reason)s"),
    "contract.frozen": _("froze version %(version)s of the acceptance contract"),
    "verdict.pass": _("judged %(model)s by contract version %(version)s: pass"),
    "verdict.fail": _("judged %(model)s by contract version %(version)s: fail"),
    "verdict.inconclusive": _("judged %(model)s by contract version %(version)s: inconclusive"),
    "import.started": _("started the import of %(source)s"),
    "import.finished": _("imported %(accepted)s of %(total)s files from %(source)s"),
    "import.cancelled": _("cancelled the import of %(source)s"),
    "import.failed": _("could not import %(source)s: %(cause)s"),
    "dataset_version.frozen": _("froze dataset version %(number)s with %(images)s images"),
    "data.relabelled": _("relabelled %(n)s images as “%(label)s”"),
    "data.labelled": _("labelled the last image that waited; %(n)s were labelled by hand"),
    "data.moved": _("moved %(n)s images to the split %(split)s"),
    "data.excluded": _("excluded %(n)s images from the data"),
    "data.included": _("took %(n)s images back into the data"),
    "selection.made": _("chose %(backbone)s for the model (%(method)s)"),
    "run.queued": _("queued run %(number)s (%(method)s on %(backbone)s)"),
    "run.succeeded": _("finished run %(number)s: %(accuracy)s accuracy on %(n)s test images"),
    "run.failed": _("run %(number)s failed: %(cause)s"),
    "run.cancelled": _("cancelled run %(number)s"),
    "model.approved": _("approved model version %(version)s: %(reason)s"),
    "model.rejected": _("rejected model version %(version)s: %(reason)s"),
    "endpoint.created": _("created the endpoint %(endpoint)s"),
    "model.deployed": _("deployed model version %(version)s to %(endpoint)s"),
    "model.rolled_back": _("rolled %(endpoint)s back to model version %(version)s"),
    "bulk.started": _("started the bulk prediction of %(source)s"),
    "bulk.finished": _("answered %(answered)s of %(total)s images of %(source)s"),
    "bulk.cancelled": _("cancelled the bulk prediction of %(source)s"),
    "bulk.failed": _("the bulk prediction of %(source)s failed: %(cause)s"),
    "model.exercised": _("put model version %(version)s in place of %(endpoint)s for a drill"),
    "load_test.done": _("load test of %(endpoint)s with %(n)s requests: %(outcome)s"),
    "load_test.failed": _("the load test of %(endpoint)s broke off: %(cause)s"),
    "drill.passed": _(
        "practised rolling %(endpoint)s back to model version %(version)s: %(seconds)s s"
    ),
    "pack.generated": _("generated version %(version)s of the go-live pack"),
    "drill.failed": _("rolling %(endpoint)s back was practised in vain: %(cause)s"),
    "deployment.failed": _("model version %(version)s did not load on %(endpoint)s: %(cause)s"),
    "shadow.started": _(
        "let model version %(version)s answer %(percent)s%% of the requests to %(endpoint)s in the"
        " shadow"
    ),
    "shadow.stopped": _("stopped the shadow of model version %(version)s on %(endpoint)s"),
    "canary.started": _(
        "let model version %(version)s answer %(percent)s%% of the clients of %(endpoint)s"
    ),
    "canary.stopped": _("stopped the canary of model version %(version)s on %(endpoint)s"),
    "canary.rolled_back": _(
        "the canary of model version %(version)s on %(endpoint)s was rolled back: %(cause)s"
    ),
    "challenger.failed": _(
        "model version %(version)s did not load beside the champion of %(endpoint)s: %(cause)s"
    ),
    "economics.set": _("set budget, price or rate card"),
    "staff_time.recorded": _("noted %(hours)s hours of work"),
    "staff_time.removed": _("removed %(hours)s hours of %(person)s"),
    "enablement.chosen": _("chose who learns what"),
    "course.finished": _("finished the course “%(course)s”"),
    "session.booked": _("booked the session “%(title)s”"),
    "session.changed": _("changed the session “%(title)s”"),
    "session.called_off": _("called the session “%(title)s” off"),
    "survey.answered": _("said how likely they are to recommend us: %(score)s of 10"),
    "alert.fired": _("alert: %(rule)s. %(words)s"),
    "alert.acknowledged": _("looks after the alert: %(rule)s"),
    "alert.resolved": _("the alert is over: %(rule)s. %(words)s"),
    "drift.accepted": _("took the present traffic (%(n)s images) as what is normal"),
    "feedback.given": _("answered a prediction with “%(verdict)s”"),
    "feedback.given_in_bulk": _("gave %(count)s answers to predictions"),
    "feedback.withdrawn": _("took an answer to a prediction back"),
    "review.drawn": _("drew %(count)s predictions into the review queue"),
    "iteration_policy.set": _("set how data iterations go on: %(mode)s"),
    "data_iteration.started": _("started data iteration %(number)s: %(trigger)s"),
    "data_iteration.gathered": _(
        "froze dataset version %(version)s in data iteration %(number)s: %(added)s added,"
        " %(relabelled)s relabelled"
    ),
    "data_iteration.judged": _("judged model version %(version)s in data iteration %(number)s"),
    "data_iteration.promoted": _("promoted model version %(version)s in data iteration %(number)s"),
    "data_iteration.kept": _("kept the champion in data iteration %(number)s: %(reason)s"),
    "data_iteration.demoted": _("demoted model version %(version)s: %(reason)s"),
    "data_iteration.failed": _("data iteration %(number)s failed: %(cause)s"),
    "data_iteration.nothing": _("found nothing new in data iteration %(number)s"),
    "ticket.opened": _("opened ticket #%(number)s: %(about)s"),
    "ticket.answered": _("answered ticket #%(number)s: %(about)s"),
    "ticket.replied": _("replied in ticket #%(number)s: %(about)s"),
    "ticket.resolved": _("resolved ticket #%(number)s: %(about)s"),
    "ticket.reopened": _("reopened ticket #%(number)s: %(about)s"),
    "erasure.asked": _("asked to erase all of a subject (%(what)s)"),
    "erasure.confirmed": _("confirmed that all of a subject is erased (%(what)s)"),
    "erasure.withdrawn": _("took back the request to erase a subject (%(what)s)"),
    "erasure.done": _("erased %(n)s files of a subject for good"),
}

# What the engagement looks like from a distance: icon and tone by kind; others are a plain dot.
LOOKS = {
    "engagement.opened": ("flag", "accent"),
    "engagement.advanced": ("arrow-right", "accent"),
    "engagement.went_round": ("refresh", "accent"),
    "engagement.handed_over": ("user", ""),
    "requirement.written": ("target", ""),
    "item.done": ("check", "good"),
    "item.dropped": ("slash", ""),
    "milestone.reached": ("flag", "good"),
    "milestone.rated": ("feedback", ""),
    "decision.recorded": ("edit", ""),
    "change.proposed": ("edit", "warn"),
    "change.accepted": ("check-circle", "good"),
    "change.declined": ("x-circle", "bad"),
    "change.withdrawn": ("rollback", ""),
    "waiver.requested": ("shield", "warn"),
    "waiver.granted": ("shield", "warn"),
    "signoff.signed": ("edit", "good"),
    "signoff.revoked": ("rollback", "bad"),
    "contract.frozen": ("lock", ""),
    "verdict.pass": ("check-circle", "good"),
    "verdict.fail": ("x-circle", "bad"),
    "verdict.inconclusive": ("info", "warn"),
    "import.started": ("data", ""),
    "import.finished": ("data", "good"),
    "import.failed": ("data", "bad"),
    "import.cancelled": ("data", ""),
    "bulk.finished": ("endpoint", "good"),
    "bulk.failed": ("endpoint", "bad"),
    "dataset_version.frozen": ("lock", ""),
    "selection.made": ("models", ""),
    "run.queued": ("runs", ""),
    "run.succeeded": ("check-circle", "good"),
    "run.failed": ("x-circle", "bad"),
    "run.cancelled": ("slash", ""),
    "endpoint.created": ("endpoint", ""),
    "model.deployed": ("rocket", "good"),
    "model.rolled_back": ("rollback", "warn"),
    "model.exercised": ("refresh", ""),
    "load_test.done": ("gauge", ""),
    "load_test.failed": ("x-circle", "bad"),
    "drill.passed": ("rollback", "good"),
    "pack.generated": ("file", "good"),
    "drill.failed": ("x-circle", "bad"),
    "deployment.failed": ("x-circle", "bad"),
    "shadow.started": ("eye", ""),
    "shadow.stopped": ("slash", ""),
    "canary.started": ("spark", "accent"),
    "canary.stopped": ("slash", ""),
    "canary.rolled_back": ("rollback", "bad"),
    "challenger.failed": ("x-circle", "bad"),
    "economics.set": ("gauge", ""),
    "staff_time.recorded": ("clock", ""),
    "staff_time.removed": ("clock", ""),
    "enablement.chosen": ("book", ""),
    "course.finished": ("book", "good"),
    "session.booked": ("clock", ""),
    "session.changed": ("clock", ""),
    "session.called_off": ("slash", ""),
    "survey.answered": ("feedback", ""),
    "alert.fired": ("bell", "bad"),
    "alert.acknowledged": ("eye", "warn"),
    "alert.resolved": ("check-circle", "good"),
    "feedback.given": ("feedback", ""),
    "feedback.given_in_bulk": ("feedback", ""),
    "feedback.withdrawn": ("rollback", ""),
    "review.drawn": ("eye", ""),
    "data_iteration.started": ("refresh", "accent"),
    "data_iteration.gathered": ("lock", ""),
    "data_iteration.judged": ("target", ""),
    "data_iteration.promoted": ("rocket", "good"),
    "data_iteration.kept": ("shield", ""),
    "data_iteration.demoted": ("rollback", "warn"),
    "data_iteration.failed": ("x-circle", "bad"),
    "ticket.opened": ("ticket", "warn"),
    "ticket.answered": ("ticket", ""),
    "ticket.replied": ("ticket", ""),
    "ticket.resolved": ("ticket", "good"),
    "ticket.reopened": ("ticket", "warn"),
    "erasure.asked": ("trash", "warn"),
    "erasure.confirmed": ("trash", "warn"),
    "erasure.withdrawn": ("rollback", ""),
    "erasure.done": ("trash", "good"),
}
# Parameters that are words of ours, to be told in the reader's language.
WORDS = {"backbone", "cause", "check", "from", "method", "subject", "to", "verdict", "what"}
_listeners = []
# Sentences that are whole without the one who acted.
IMPERSONAL = {
    "alert.fired",
    "alert.resolved",
    "run.failed",
    "deployment.failed",
    "canary.rolled_back",
    "challenger.failed",
    "load_test.done",
    "load_test.failed",
    "drill.failed",
    "data_iteration.failed",
}


def record(engagement, kind, *, by, url="", is_private=False, **params):
    """Add an entry and tell whoever is watching; an unknown kind is an error.

    A private entry is for the vendor's staff alone. Give words of ours lazily translated.
    """
    params = words.kept(params)
    sentence(kind, params)  # an unknown kind or a missing parameter is an error now, not when read
    entry = TimelineEntry.objects.create(
        engagement=engagement,
        actor_label=label_of(by),
        kind=kind,
        params=params,
        url=url,
        is_private=is_private,
    )
    live.look_again(engagement.tenant_id, f"engagement:{engagement.pk}")
    for listener in _listeners:
        listener(entry, by=by)
    return entry


def listen(listener) -> None:
    """Let `listener(entry, by=…)` know of every entry, inside the transaction that makes it."""
    if listener not in _listeners:
        _listeners.append(listener)


def sentence(kind: str, params: dict) -> str:
    return SENTENCES[kind] % words.shown(params, WORDS)


def summed_up(entries) -> list[dict]:
    """Return entries as `told`, answers to predictions one after the other summed up in one."""
    rows = []
    for kind_and_actor, group in groupby(entries, lambda e: (e.kind, e.actor_label)):
        group = list(group)
        if kind_and_actor[0] == "feedback.given" and len(group) > 1:
            what = {"kind": "feedback.given_in_bulk", "params": {"count": len(group)}}
            newest = group[0]
            group = [TimelineEntry(actor_label=newest.actor_label, at=newest.at, **what)]
        rows += [told(entry) for entry in group]
    return rows


def told(entry) -> dict:
    """Return an entry as the timeline component takes it: a whole sentence with its look."""
    icon, tone = LOOKS.get(entry.kind, ("dot", ""))
    did = sentence(entry.kind, entry.params)
    if entry.kind in IMPERSONAL:
        text = capfirst(did)
    else:
        text = gettext("%(actor)s %(did)s") % {"actor": entry.actor_label, "did": did}
    return {"text": text, "icon": icon, "tone": tone, "at": entry.at, "url": entry.url}
