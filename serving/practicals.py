"""The practicals that the endpoint's own rows verify, and where practice goes."""

from django.utils.translation import gettext_lazy as _

from enablement import places, practicals
from enablement.places import Place
from enablement.practicals import Seen
from serving.models import Deployment, Endpoint, Prediction, RollbackDrill


def register():
    """Offer them to courses; say where an engagement's endpoint is."""
    places.register(place)
    title = _("Try the model")
    task = _("Drop an image on the endpoint's page and read the answer.")
    practicals.register("serving.tried", title, task, tried, page="serving:endpoint")
    title = _("Roll back in a rehearsal")
    task = _(
        "Put the version before the present one in place, see it answer, and go forward again."
    )
    practicals.register("serving.rolled_back", title, task, rolled_back, page="engagements:go_live")


def place(engagement) -> Place | None:
    """The engagement's endpoint and the labels it answers with."""
    endpoint = Endpoint.objects.select_related("tenant").filter(engagement=engagement).first()
    if endpoint is None:
        return None
    champion = endpoint.champion
    return Place(endpoint.predict_path, champion.model_version.classes if champion else [])


def tried(engagement, user) -> Seen | None:
    """They asked in the browser and were answered."""
    browser = Prediction.Source.BROWSER
    mine = Prediction.objects.filter(endpoint__engagement=engagement, user=user, source=browser)
    first = mine.order_by("at").first()
    return first and Seen(first.at, {"prediction": str(first.pk), "answer": first.label})


def rolled_back(engagement, user) -> Seen | None:
    """A rollback drill they started passed, or a rollback they made went live."""
    drills = RollbackDrill.objects.filter(
        endpoint__engagement=engagement, created_by=user, state=RollbackDrill.State.SUCCEEDED
    )
    first = drills.order_by("finished_at").first()
    if first:
        return Seen(first.finished_at, {"drill": str(first.pk)})
    made = Deployment.objects.filter(endpoint__engagement=engagement, created_by=user)
    live = made.filter(reason=Deployment.Reason.ROLLBACK, live_at__isnull=False)
    first = live.order_by("live_at").first()
    return first and Seen(first.live_at, {"deployment": first.number})
