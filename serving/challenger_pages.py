"""What pages show of what runs beside the champion."""

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.roles import Capability, may
from lepton.lib import media
from serving import comparing, guards
from serving.challenger_forms import ChallengeForm, MomentForm
from serving.models import Challenger

HISTORY, SEEN = 20, 4


def beside(request, endpoint) -> dict:
    """The challenger, and the forms that start one, go on with it or end it."""
    context = {
        "challenger": endpoint.challengers.active(),
        "ended": endpoint.challengers.newest_first().first(),
        "may_deploy": may(request.role, Capability.DEPLOY),
        "champion": endpoint.champion,
    }
    if context["may_deploy"]:
        context["challenge_form"] = ChallengeForm(endpoint=endpoint)
    return context


def compared(request, endpoint) -> dict:
    """What the challenger's answers came to so far."""
    challenger = endpoint.challengers.active() or endpoint.challengers.newest_first().first()
    if challenger is None:
        return {"compared": None}
    is_watched = challenger.is_canary and challenger.state == Challenger.State.LIVE
    return {
        "compared": challenger,
        "agreement": as_metric(comparing.agreement(challenger)),
        "failures": challenger.failures.count(),
        "guards": guards.read(challenger) if is_watched else [],
        "disagreements": with_pictures(challenger.answers.disagreements()[:SEEN]),
    }


def as_metric(seen) -> dict:
    """An agreement as `_metric.html` shows it."""
    label = _("Agreement with the champion")
    if seen.share is None:
        words = ngettext(
            "shown after %s more comparison", "shown after %s more comparisons", seen.still_needed
        )
        return {"label": label, "text": "–", "note": words % seen.still_needed}
    low, high = seen.interval
    figure = {"value": seen.share, "low": low, "high": high, "n": seen.n, "target": None}
    return {"label": label, "badge": "live", **figure}


def with_pictures(answers) -> list[dict]:
    """Second answers, each with where its picture is to be seen ("" where it was not kept)."""
    rows = []
    for answer in answers:
        key = answer.prediction.input_key
        rows.append({"second": answer, "picture": media.signed_url(key) if key else ""})
    return rows


def history(request, endpoint) -> dict:
    """Deployments and challengers together, newest first."""
    entries = [
        *endpoint.deployments.newest_first()[:HISTORY],
        *endpoint.challengers.newest_first()[:HISTORY],
    ]
    newest = sorted(entries, key=lambda entry: entry.created_at, reverse=True)[:HISTORY]
    return {"entries": newest, "champion": endpoint.champion, "moment_form": MomentForm()}


def one(endpoint, pk) -> Challenger:
    """A challenger of this endpoint, or Http404."""
    found = endpoint.challengers.newest_first().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
