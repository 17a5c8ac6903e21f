"""What the endpoint's pages and fragments show."""

from django.http import Http404
from django.utils.translation import gettext as _

from accounts.roles import Capability, may
from serving import figures, forms
from serving.bulk.pages import bulk
from serving.challenger_pages import beside, compared, history
from serving.models import Endpoint
from serving.snippets import snippets


def endpoint_of(engagement) -> Endpoint | None:
    """Return the engagement's endpoint, or None before it is made."""
    return engagement.endpoints.select_related("tenant").first()


def existing_endpoint(engagement) -> Endpoint:
    endpoint = endpoint_of(engagement)
    if endpoint is None:
        raise Http404
    return endpoint


def rights(role) -> dict:
    """What the reader may do here."""
    return {
        "may_deploy": may(role, Capability.DEPLOY),
        "may_predict": may(role, Capability.PREDICT),
        "may_give_feedback": may(role, Capability.FEEDBACK),
    }


def champion(request, endpoint) -> dict:
    """What answers, what is on its way, and what could be put in place instead."""
    answering = endpoint.champion
    context = rights(request.role) | {
        "champion": answering,
        "evaluation": answering and accuracy(answering.model_version, endpoint.engagement),
        "in_place": endpoint.deployments.in_place(),
        "newest": endpoint.deployments.newest_first().first(),
        "before": endpoint.deployments.before_the_present(),
    }
    if context["may_deploy"]:
        context["deploy_form"] = forms.DeployForm(endpoint=endpoint)
    return context


def last_day(request, endpoint) -> dict:
    return {"figures": figures.last_day(endpoint)}


# "try" waits for something that can answer.
PARTS = {
    "champion": champion,
    "try": champion,
    "beside": beside,
    "compared": compared,
    "bulk": bulk,
    "history": history,
    "last_day": last_day,
}


def part(request, endpoint, name: str) -> dict:
    """The context of one live fragment, by name. Raises Http404."""
    if name not in PARTS:
        raise Http404
    return {"endpoint": endpoint, **PARTS[name](request, endpoint)}


def whole(request, endpoint) -> dict:
    """The context of the whole page."""
    url = request.build_absolute_uri(endpoint.predict_path)
    context = {"endpoint": endpoint, "predict_url": url, "snippets": snippets(url)}
    for make in dict.fromkeys(PARTS.values()):
        context |= make(request, endpoint)
    return context


def accuracy(version, engagement) -> dict | None:
    """A model version's test accuracy for `_metric.html`."""
    evaluation, requirement = version.test_evaluation, engagement.requirement
    if evaluation is None:
        return None
    target = requirement.target if requirement and requirement.metric == "accuracy" else None
    return {
        "label": _("Accuracy on the test split"),
        "value": evaluation.accuracy,
        "low": evaluation.accuracy_low,
        "high": evaluation.accuracy_high,
        "n": evaluation.n,
        "target": target and float(target),
        "badge": "frozen",
    }
