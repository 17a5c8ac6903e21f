"""The go-live pack's sections on the endpoint: traffic, the load test, how to roll back."""

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from engagements import packs
from engagements.packs.own import when
from lepton.templatetags.ui import duration, interval, percent
from serving import figures
from serving.exercises import gates, load_tests
from serving.models import Endpoint


def register():
    """Write what is known of the endpoint."""
    for place, write in [(50, endpoint), (60, load_test), (70, rollback)]:
        packs.register(f"serving.{write.__name__}", place, write)


def _endpoint(engagement):
    return Endpoint.objects.select_related("tenant").filter(engagement=engagement).first()


def endpoint(engagement):
    """What answers, and the traffic of the last day as it is watched."""
    here = _endpoint(engagement)
    if here is None:
        return packs.section(_("Monitoring"), packs.text(_("There is no endpoint yet.")))
    champion = here.champion
    about = [(_("Address"), here.predict_path), (_("Inputs are kept"), _yes_no(here.keeps_inputs))]
    if champion:
        answering = f"{champion.model_version}, {when(champion.live_at)}"
        about.append((_("Answers, and since when"), answering))
    last = figures.last_day(here)
    rows = [(one["label"], _plain(one)) for one in last["metrics"]]
    mix = [[bar["label"], number_format(bar["count"], 0)] for bar in last["mix"]]
    return packs.section(
        _("Monitoring"),
        packs.facts(about),
        packs.heading(_("The last 24 hours")),
        packs.facts(rows),
        packs.table([_("Answer"), "n"], mix),
    )


def _plain(metric) -> str:
    words = " ".join(str(metric[key]) for key in ("text", "unit") if metric.get(key))
    return f"{words} ({metric['note']})" if metric.get("note") else words


def _yes_no(value) -> str:
    return _("yes") if value else _("no")


def load_test(engagement):
    """The newest load test of what answers."""
    here, title = _endpoint(engagement), _("Load test")
    newest = here and load_tests.newest_of_champion(here)
    if not newest:
        return packs.section(title, packs.text(_("What answers was not tested under load.")))
    return packs.section(title, packs.text(gates.words_of(newest)), packs.facts(_tested(newest)))


def _tested(test):
    judged, volume = test.in_time, test.volume_per_day
    who = f"{test.model_version}, {when(test.finished_at)}, {test.created_by_label}"
    facts = {"rate": test.per_second, "seconds": test.seconds, "at_once": test.at_once}
    size = _("%(rate)s requests a second for %(seconds)s s, at most %(at_once)s at once") % facts
    share = f"{percent(judged['value'])} ({interval(judged['low'], judged['high'])})"
    return [
        (_("Tested"), who),
        (_("Size"), size),
        (_("Outcome"), test.outcome.label),
        (_("Answered in time"), f"{share}, n = {judged['n']}"),
        (_("Limit"), test.limit_ms and _("%s ms") % number_format(test.limit_ms, 0)),
        (_("Latency p50, p95, p99"), _latencies(test)),
        (_("Answers a second"), number_format(test.per_second_answered, 1)),
        (_("Volume a day asked for"), volume and number_format(volume, 0)),
        (_("Refused, errors"), f"{test.refused}, {test.errors}"),
    ]


def _latencies(test) -> str:
    values = [test.p50_ms, test.p95_ms, test.p99_ms]
    return _("%s ms") % " / ".join("–" if v is None else number_format(v, 0) for v in values)


def rollback(engagement):
    """What to do when the model must go, and how long that took when it was practised."""
    here = _endpoint(engagement)
    title = _("Rollback plan")
    if here is None:
        return packs.section(title, packs.text(_("There is no endpoint yet.")))
    before = here.deployments.before_the_present()
    where = f"POST /api/v1/tenants/{here.tenant.slug}/endpoints/{here.slug}/rollback"
    nothing = _("There is no other version so far.")
    leads = _("It leads to %s.") % before.model_version if before else nothing
    steps = [
        _("Who may: owners and editors at the customer, ML engineers and operators of the vendor."),
        _("On the page of the endpoint press “Roll back”; by API: %s.") % where,
        leads,
        _("The version in place answers until the other one is loaded, so no request fails."),
        _("It is never refused, whatever a gate says."),
    ]
    return packs.section(title, packs.bullets(steps), *_practised(here))


def _practised(here):
    drill = here.drills.done().select_related("practised").first()
    if drill is None:
        return [packs.text(_("It was not practised yet."))]
    to = (
        f"{drill.practised} ({_('rehearsal with the same version')})"
        if drill.is_rehearsal
        else drill.practised
    )
    rows = [
        (_("Practised"), f"{date_format(drill.finished_at, 'Y-m-d')}, {drill.created_by_label}"),
        (_("Rolled back to"), to),
        (_("Until it answered"), duration(drill.rollback_seconds)),
        (_("Until the champion answered again"), duration(drill.put_back_seconds)),
        (_("Answers checked"), drill.answers_checked),
    ]
    return [packs.heading(_("The last drill")), packs.facts(rows)]
