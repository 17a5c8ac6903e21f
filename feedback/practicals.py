"""The practicals that are done with feedback on real predictions, in the browser."""

from django.utils.translation import gettext_lazy as _

from enablement import practicals
from enablement.practicals import Seen
from feedback.models import Feedback


def register():
    """Offer them to courses."""
    title = _("Review answers")
    task = _("Look at three predictions of your engagement and confirm, correct or reject each.")
    practicals.register("feedback.reviewed", title, task, reviewed, page="feedback:review")
    title = _("Correct an answer")
    task = _("Find a prediction that is wrong and name the right label.")
    practicals.register("feedback.corrected", title, task, corrected, page="feedback:predictions")


def reviewed(engagement, user) -> Seen | None:
    """They answered three predictions."""
    third = _given(engagement, user).values("prediction", "created_at")
    seen = {}
    for row in third:
        seen.setdefault(row["prediction"], row["created_at"])
        if len(seen) == 3:
            return Seen(row["created_at"], {"predictions": 3})
    return None


def corrected(engagement, user) -> Seen | None:
    """They named another label than the one answered."""
    found = _given(engagement, user).filter(verdict=Feedback.Verdict.CORRECT)
    first = found.select_related("prediction").first()
    if first is None:
        return None
    return Seen(first.created_at, {"answer": first.prediction.label, "right": first.label})


def _given(engagement, user):
    given = Feedback.objects.opinions().filter(created_by=user)
    return given.filter(endpoint__engagement=engagement)
