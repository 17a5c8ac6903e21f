"""What endpoints say of an engagement's health."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements import health
from engagements.health import Reading
from serving.models import Deployment


def register():
    """Let the newest deployment count."""
    health.register("serving.deployed", gettext_lazy("Newest deployment"), 2, newest_deployment)


def newest_deployment(engagement) -> Reading:
    """1 if what was deployed last is live, 0 if it failed."""
    found = Deployment.objects.filter(endpoint__engagement=engagement).order_by("-number")
    newest = found.select_related("model_version").exclude(state=Deployment.State.LOADING).first()
    if newest is None:
        return Reading(None, _("Nothing was deployed yet."))
    words = {"model": str(newest.model_version), "state": newest.get_state_display()}
    is_live = newest.state == Deployment.State.LIVE
    return Reading(float(is_live), _("%(model)s: %(state)s.") % words)
