"""The card of a model version: what it is for, what it was made of, and what it is worth.

In the order of Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019); Markdown, from rows.
"""

from django.template.loader import render_to_string

from engagements.models import Verdict
from training.models import Split
from training.runs import depth, lineage, quality, shown


def card_of(version) -> str:
    """Return the card as Markdown."""
    evaluation, requirement = version.test_evaluation, version.engagement.requirement
    answers = depth.Answers(evaluation) if evaluation else None
    data = version.run.dataset_version
    context = {
        "version": version,
        "engagement": version.engagement,
        "requirement": requirement,
        "data": data,
        "splits": [(split.label, data.images_in(split)) for split in Split],
        "evaluation": evaluation,
        "metrics": quality.metrics(evaluation, requirement),
        "bins": depth.calibration(answers) if answers else [],
        "slices": depth.slices(answers) if answers else [],
        "origin": [*quality.origin(version), *lineage.compared_in_words(version)],
        "settings": shown.settings_of(version.run),
        "learning": quality.learning(version.meta),
        "approvals": version.approvals.newest_first(),
        "verdicts": Verdict.objects.newest_first().filter(candidate_id=version.pk),
        "files": version.meta.get("files", {}),
    }
    return render_to_string("training/model_card.md", context).strip() + "\n"
