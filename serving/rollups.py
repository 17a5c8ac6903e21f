"""Counts the predictions of an hour into its tallies, whenever predictions were added to it."""

from collections import Counter, defaultdict
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Count, F, FloatField, Func, IntegerField, Q, Sum, Value
from django.db.models.functions import TruncHour

from serving.histograms import LATENCY_EDGES, SCORE_BUCKETS
from serving.models import DueHour, HourlyTally, Prediction

HOUR = timedelta(hours=1)
AT_ONCE = 24  # who writes to an hour waits for the transaction that counts it
FIGURES = ["n", "score_sum", "doubt_sum", "classes", "latency", "scores"]


def count_due(endpoint, *, kept_since=None, at_once=AT_ONCE) -> int:
    """Count the oldest hours of an endpoint that are due; returns how many that were.

    An hour that is just being written to is left for the next time. Of what came before
    `kept_since` predictions were removed: those hours stay as they are.
    """
    with transaction.atomic():
        rows = DueHour.objects.select_for_update(skip_locked=True).filter(endpoint=endpoint)
        due = dict(rows.order_by("hour").values_list("pk", "hour")[:at_once])
        hours = [hour for hour in due.values() if kept_since is None or hour >= kept_since]
        if hours:
            _write(endpoint.pk, hours)
        DueHour.objects.filter(pk__in=due).delete()
    return len(due)


def answered(engagement, since, until) -> int:
    """How many predictions an engagement's endpoints made in a time.

    Whole hours come from their tallies, which are kept for good; the rest from the log.
    """
    first, last = _hour_after(since), until.replace(minute=0, second=0, microsecond=0)
    rows = Prediction.objects.in_use().filter(
        endpoint__engagement=engagement, at__gte=since, at__lt=until
    )
    if first >= last:
        return rows.count()
    mine = {"endpoint__engagement": engagement, "hour__gte": first, "hour__lt": last}
    due = set(DueHour.objects.filter(**mine).values_list("endpoint", "hour"))
    tallies = HourlyTally.objects.filter(**mine).values_list("endpoint", "hour", "n")
    whole = sum(n for endpoint, hour, n in tallies if (endpoint, hour) not in due)
    uncounted = [
        rows.filter(endpoint=endpoint, at__gte=hour, at__lt=hour + HOUR) for endpoint, hour in due
    ]
    edges = [rows.filter(at__lt=first), rows.filter(at__gte=last)]
    return whole + sum(part.count() for part in [*edges, *uncounted])


def _hour_after(at):
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole if whole == at else whole + HOUR


def _write(endpoint_id, hours):
    rows = [
        HourlyTally(endpoint_id=endpoint_id, hour=hour, model_version_id=version, **facts)
        for (hour, version), facts in tally(endpoint_id, hours).items()
    ]
    unique = ["endpoint", "hour", "model_version"]
    HourlyTally.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=FIGURES
    )


def tally(endpoint_id, hours) -> dict[tuple, dict]:
    """Figures by (hour, model version id), from the predictions themselves."""
    within = reduce(or_, (Q(at__gte=hour, at__lt=hour + HOUR) for hour in hours))
    return added_up(Prediction.objects.in_use().filter(within, endpoint_id=endpoint_id))


def added_up(rows) -> dict[tuple, dict]:
    """Figures by (hour, model version id) of predictions in use."""
    found = defaultdict(_empty)
    for hour, version, label, latency, score, source, n, sure, doubt in grouped(rows):
        facts = found[hour, version]
        facts["n"] += n
        facts["score_sum"] += sure
        facts["doubt_sum"] += doubt
        facts["classes"][label] += n
        if source != Prediction.Source.BULK:  # which waits on purpose
            facts["latency"][str(latency)] += n
        facts["scores"][str(score)] += n
    return found


def _empty() -> dict:
    sums = {"n": 0, "score_sum": 0.0, "doubt_sum": 0.0}
    return sums | {name: Counter() for name in ("classes", "latency", "scores")}


def grouped(rows):
    """(hour, version, label, latency bucket, score bucket, source, n, sum of scores, of doubts)."""
    doubt = F("score") * (1 - F("score"))
    names = ("hour", "model_version_id", "label", "latency_bucket", "score_bucket", "source")
    return (
        rows.annotate(
            hour=TruncHour("at"), latency_bucket=_LatencyBucket(), score_bucket=_ScoreBucket()
        )
        .values_list(*names)
        .annotate(n=Count("pk"), sure=Sum("score"), doubt=Sum(doubt, output_field=FloatField()))
        .order_by()
    )


class _LatencyBucket(Func):
    function = "width_bucket"
    template = "%(function)s(%(expressions)s::float8[])"
    output_field = IntegerField()

    def __init__(self):
        edges = "{" + ",".join(map(repr, LATENCY_EDGES)) + "}"
        super().__init__(F("latency_ms"), Value(edges))


class _ScoreBucket(Func):
    template = f"least(width_bucket(%(expressions)s, 0, 1, {SCORE_BUCKETS}), {SCORE_BUCKETS})"
    output_field = IntegerField()

    def __init__(self):
        super().__init__(F("score"))
