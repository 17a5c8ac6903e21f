"""The go-live pack's sections on data and model, from the same rows as the model card."""

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from engagements import judged, packs
from engagements.models import Outcome, Verdict
from lepton.templatetags.ui import bytes_, duration, interval, percent
from training.models import ModelVersion, Split
from training.runs import depth, quality, shown


def register():
    """Write what was learned from, and what came of it."""
    packs.register("training.data", 30, data)
    packs.register("training.model", 40, model)


def accepted(engagement) -> ModelVersion | None:
    """The model version that answers or, where it has not passed, that of the newest pass."""
    verdict = judged.verdict_now(engagement)
    if verdict is None or verdict.outcome != Outcome.PASS:
        passes = Verdict.objects.filter(outcome=Outcome.PASS)
        verdict = passes.newest_under(engagement.contract)
    return verdict and ModelVersion.objects.for_lists().filter(pk=verdict.candidate_id).first()


def data(engagement):
    """The dataset version the accepted model was made from."""
    version = accepted(engagement)
    if version is None:
        return None
    found = version.run.dataset_version
    about = [
        (_("Dataset version"), found),
        (_("Frozen"), f"{date_format(found.created_at, 'Y-m-d')}, {found.created_by_label}"),
        (_("Splits"), found.get_split_policy_display()),
        (_("Hash of the manifest"), found.manifest_sha256),
        (_("Hash of the test split"), found.test_sha256),
    ]
    if found.duplicates_across:
        words = _("%(n)s pairs of alike images stand in different splits, because: %(why)s")
        facts = {"n": found.duplicates_across, "why": found.duplicates_waiver}
        about.append((_("Waived"), words % facts))
    head = [_("Class"), *(split.label for split in Split), _("Together")]
    rows = [_of_class(found, label) for label in found.classes]
    return packs.section(_("Data"), packs.facts(about), packs.table(head, rows))


def _of_class(version, label):
    counts = [version.counts.get(split, {}).get(label, 0) for split in Split]
    return [label, *(number_format(n, 0) for n in (*counts, sum(counts)))]


def model(engagement):
    """The card of the accepted model."""
    version = accepted(engagement)
    title = _("Model card")
    if version is None:
        return packs.section(title, packs.text(_("No model version has passed so far.")))
    blocks = [packs.facts(_about(version)), *_use(version), *_figures(version)]
    return packs.section(title, *blocks, *_limits(version), *_files(version))


def _about(version):
    approval = version.approval
    decided = approval and f"{approval.get_decision_display()}: {approval.reason}"
    return [
        (_("Model"), version),
        *quality.origin(version),
        (_("Approval"), decided and f"{decided} ({approval.created_by_label})"),
    ]


def _use(version):
    requirement = version.engagement.requirement
    answers = _("It answers with one of these classes, whatever it is shown:")
    lines = [requirement.need, requirement.business_process] if requirement else []
    return [
        packs.heading(_("Intended use")),
        *(packs.text(line) for line in lines),
        packs.text(f"{answers} {', '.join(version.classes)}."),
    ]


def _figures(version):
    evaluation = version.test_evaluation
    if evaluation is None:
        return [packs.text(_("It was not measured on a test split."))]
    parts = depth.slices(depth.Answers(evaluation)) if evaluation.items.exists() else []
    words = _("On %s test images that neither training nor tuning ever saw, with 95%% intervals.")
    return [
        packs.heading(_("Figures")),
        packs.text(words % number_format(evaluation.n, 0)),
        packs.table(*_metrics(version, evaluation)),
        packs.table(*_classes(evaluation)),
        packs.heading(_("Slices and fairness gaps")),
        *_slices(parts),
    ]


def _metrics(version, evaluation):
    rows = [
        [one["label"], percent(one["value"]), interval(one.get("low"), one.get("high")), one["n"]]
        for one in quality.metrics(evaluation, version.engagement.requirement)
    ]
    return [_("Figure"), _("Measured"), _("95% interval"), "n"], rows


def _classes(evaluation):
    rows = [
        [one["label"], _with_interval(one, "precision"), _with_interval(one, "recall"), one["n"]]
        for one in evaluation.per_class
    ]
    return [_("Class"), _("Precision"), _("Recall"), "n"], rows


def _with_interval(row, name):
    found = interval(row[f"{name}_low"], row[f"{name}_high"])
    return f"{percent(row[name])} ({found})"


def _slices(found):
    if not found:
        return [packs.text(_("Too few test images for any slice: nothing can be said."))]
    rows = [
        [
            one["title"],
            row["name"],
            percent(row["accuracy"]),
            interval(row["low"], row["high"]),
            row["n"],
        ]
        for one in found
        for row in one["rows"]
    ]
    gaps = [_gap(one) for one in found]
    head = [_("Slice"), _("Part"), _("Accuracy"), _("95% interval"), "n"]
    return [packs.table(head, rows), packs.bullets(gaps)]


def _gap(one):
    facts = {"slice": one["title"], "gap": percent(one["gap"])}
    if one["is_sure"]:
        return _("%(slice)s: the largest gap is %(gap)s, more than chance would make it.") % facts
    return _("%(slice)s: the largest gap is %(gap)s; no part can be told from chance.") % facts


def _limits(version):
    limits = [
        _("It has no answer for what is none of its classes: such an image gets one of them."),
        _(
            "Images are cut to their centre square and scaled to 224 pixels; what lies outside or"
            " is smaller than that shows is not seen."
        ),
    ]
    curve = quality.learning(version.meta)
    if curve and not curve["is_little"]:
        facts = {"n": curve["doubled"]["n"], "value": percent(curve["doubled"]["accuracy"])}
        words = _("With %(n)s training images about %(value)s can be expected.")
        limits.append(words % facts)
    return [packs.heading(_("Limits")), packs.bullets(limits)]


def _files(version):
    run = version.run
    spent = [
        (_("Processor time of the training"), _spent(run.cpu_seconds)),
        (_("Time on a GPU"), _spent(run.gpu_seconds)),
        (_("Energy"), _("not metered on this installation")),
    ]
    files = [
        [name, bytes_(facts["bytes"]), facts["sha256"]]
        for name, facts in version.meta.get("files", {}).items()
    ]
    return [
        packs.heading(_("Energy and cost")),
        packs.facts(spent),
        packs.heading(_("Settings")),
        packs.facts(shown.settings_of(run)),
        packs.heading(_("Files")),
        packs.table([_("File"), _("Size"), "sha256"], files),
    ]


def _spent(seconds):
    return _("not metered") if seconds is None else duration(seconds)
