"""The checks of going live on what was tried: a rollback drill, a load test."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from engagements import gates, pages, production, verdicts
from engagements.gates import Finding
from engagements.models import Outcome
from engagements.phases import Phase
from serving.exercises import load_tests
from serving.models import Endpoint, RollbackDrill


def register():
    """Guard going live."""
    load = gettext_lazy("Load test within the objectives")
    gates.register("serving.load_tested", load, [Phase.GO_LIVE], load_tested)
    drill = gettext_lazy("Rollback practised")
    gates.register("serving.rolled_back", drill, [Phase.GO_LIVE], rolled_back)
    production.register("serving.rolled_back")


def rolled_back(engagement) -> Finding:
    """A rollback drill passed within the days that the engagement asks for."""
    url, most = pages.url("engagements:go_live", engagement), engagement.drill_days
    drills = RollbackDrill.objects.filter(endpoint__engagement=engagement).done()
    newest = drills.select_related("practised").first()
    if newest is None:
        return Finding(False, _("Nobody has practised it yet."), {"within_days": most}, url)
    evidence = evidence_of(newest) | {"within_days": most}
    if newest.finished_at < timezone.now() - timedelta(days=most):
        words = ngettext(
            "Practised last more than %s day ago.", "Practised last more than %s days ago.", most
        )
        return Finding(False, words % most, evidence, url)
    words = _("%(who)s practised it: %(seconds)s s until the other version answered.")
    facts = {"who": newest.created_by_label, "seconds": _number(newest.rollback_seconds)}
    return Finding(True, words % facts, evidence, url)


def evidence_of(drill) -> dict:
    """The facts of a drill that passed, as data."""
    return {
        "by": drill.created_by_label,
        "at": drill.finished_at.isoformat(),
        "rollback_seconds": drill.rollback_seconds,
        "champion": drill.model_version.number,
        "practised": drill.practised.number,
        "rehearsal": drill.is_rehearsal,
        "answers_checked": drill.answers_checked,
    }


def load_tested(engagement) -> Finding:
    """The newest load test of what answers now met the latency objective and the volume."""
    url = pages.url("engagements:go_live", engagement)
    endpoint = Endpoint.objects.filter(engagement=engagement).first()
    champion = endpoint and endpoint.champion
    if champion is None:
        return Finding(False, _("No model version is live."), url=url)
    newest = load_tests.newest_of_champion(endpoint)
    if newest is None:
        words = _("%s was not tested under load yet.") % champion.model_version
        return Finding(False, words, url=url)
    return Finding(newest.outcome == Outcome.PASS, words_of(newest), facts_of(newest), url)


def words_of(test) -> str:
    """What a load test that came to its end found, in a sentence or two."""
    facts = {"sent": test.sent, "in_time": test.within_limit, "limit": test.limit_ms}
    told = [_("%(in_time)s of %(sent)s requests answered.") % facts]
    if test.limit_ms:
        words = _("%(in_time)s of %(sent)s requests answered within %(limit)s ms.")
        told = [words % facts]
    told.append(_("%s answers a second.") % _number(test.per_second_answered))
    if test.errors:
        told.append(ngettext("%s error.", "%s errors.", test.errors) % test.errors)
    elif test.enough_volume is False:
        told.append(_("That is less than the volume a day."))
    elif test.outcome != Outcome.PASS:
        told.append(str(verdicts.words(test.in_time)))
    return " ".join(told)


def facts_of(test) -> dict:
    """The figures of a load test, as data."""
    names = ("sent", "answered", "refused", "errors", "within_limit", "limit_ms", "volume_per_day")
    figures = {name: getattr(test, name) for name in (*names, "p50_ms", "p95_ms", "p99_ms")}
    return figures | {
        "load_test": str(test.pk),
        "model": str(test.model_version),
        "answers_per_second": test.per_second_answered,
        "at": test.finished_at.isoformat(),
    }


def _number(value) -> str:
    return "–" if value is None else number_format(value, 1)
