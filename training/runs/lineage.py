"""What a model version was made from and went into, and how it does beside its sources."""

from django.utils.translation import gettext as _

from engagements.templatetags.engagements import points
from training.models import ModelVersion
from training.runs import depth


def facts(version) -> dict:
    """The sources with their figures, the row-by-row comparison, and what was made from it."""
    sources = sources_of(version)
    best = best_of(sources)
    return {
        "made_from": [_row(one, version) for one in sources],
        "itself": _itself(version) if sources else None,
        "beside": best,
        "paired": paired(best, version) if best else None,
        "n_validated": version.meta.get("ensemble", {}).get("n_validated"),
        "went_into": went_into(version),
    }


def sources_of(version) -> list[ModelVersion]:
    """The versions its run was made from, in their order."""
    rows = version.run.sources.select_related("model_version__run")
    return [row.model_version for row in rows.prefetch_related("model_version__evaluations").all()]


def went_into(version) -> list[ModelVersion]:
    """The versions made from this one, newest first."""
    made = ModelVersion.objects.filter(run__sources__model_version=version)
    return list(made.newest_first())


def best_of(sources) -> ModelVersion | None:
    """The source that was right most often on the test images."""
    measured = [one for one in sources if one.test_evaluation]
    return max(measured, key=lambda one: one.test_evaluation.accuracy, default=None)


def paired(before, after) -> dict | None:
    """Two versions on the test images of both, by the exact McNemar test."""
    tests = [one.test_evaluation for one in (before, after)]
    return None if None in tests else depth.comparison(*(depth.Answers(one) for one in tests))


def names(version) -> str:
    """The sources in words; empty for a version that was made from data alone."""
    return ", ".join(str(one) for one in sources_of(version))


def compared_in_words(version) -> list[tuple]:
    """The comparison with the best of its sources, as facts to print."""
    best = best_of(sources_of(version))
    compared = paired(best, version) if best else None
    found = []
    if compared:
        low, high = (points(end) for end in compared["interval"])
        words = {"difference": points(compared["difference"]), "low": low, "high": high}
        words |= {"n": compared["n"], "p": f"{compared['p']:.3f}"}
        text = _("%(difference)s (%(low)s to %(high)s, n = %(n)s, p = %(p)s)") % words
        found.append((_("Accuracy against %s") % best, text))
    return found


def _row(source, version) -> dict:
    meta = version.meta
    members = {one["id"]: one for one in meta.get("ensemble", {}).get("members", [])}
    taught = meta.get("distilled", {})
    told = members.get(str(source.pk), {})
    return {
        "version": source,
        "evaluation": source.test_evaluation,
        "size_bytes": source.size_bytes,
        "latency_ms": told.get("latency_ms") or taught.get("teacher_latency_ms"),
        "weight": told.get("weight"),
        "temperature": told.get("temperature"),
    }


def _itself(version) -> dict:
    told = version.meta.get("ensemble") or version.meta.get("distilled") or {}
    return {
        "version": version,
        "evaluation": version.test_evaluation,
        "size_bytes": version.size_bytes,
        "latency_ms": told.get("latency_ms"),
        "weight": None,
        "temperature": None,
    }
