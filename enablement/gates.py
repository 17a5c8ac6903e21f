"""The checks on what the customer's people learned and did."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enablement import catalogue, practicals
from enablement.models import PracticalSeen
from enablement.paths import Path
from engagements import gates, pages
from engagements.gates import Finding
from engagements.models import Side
from engagements.phases import Phase


def register():
    """Guard customer training by finished paths and by what the server saw."""
    phases = [Phase.CUSTOMER_TRAINING]
    title = gettext_lazy("People trained")
    gates.register("enablement.trained", title, phases, trained, Side.CUSTOMER)
    title = gettext_lazy("Practised on the endpoint")
    gates.register("enablement.practised", title, phases, practised, Side.CUSTOMER)


def trained(engagement) -> Finding:
    """As many people finished each path as were asked for."""
    rows, url = catalogue.needed(engagement), pages.url("enablement:catalogue", engagement)
    asked = [row for row in rows if row["needed"]]
    evidence = {row["path"].value: [row["finished"], row["needed"]] for row in asked}
    if not asked:
        return Finding(True, _("Nobody has to finish a path."), evidence, url)
    missing = [row for row in asked if row["finished"] < row["needed"]]
    words = ", ".join(_told(row) for row in missing or asked)
    return Finding(not missing, words + ".", evidence, url)


def practised(engagement) -> Finding:
    """Every practical of the required paths was seen from somebody of the customer."""
    url, needed = pages.url("enablement:catalogue", engagement), _needed(engagement)
    seen = PracticalSeen.objects.filter(
        enrolment__engagement=engagement, enrolment__user__staff_role="", key__in=needed
    )
    have = dict(seen.order_by("-at").values_list("key", "at"))
    evidence = {key: at.isoformat() for key, at in have.items()}
    missing = [str(one.title) for key, one in needed.items() if key not in have]
    if missing:
        return Finding(False, _("Not seen yet: %s.") % ", ".join(missing), evidence, url)
    words = _("The server saw all %s practicals.") % len(needed)
    return Finding(True, words if needed else _("Nothing is to be practised."), evidence, url)


def _needed(engagement) -> dict:
    """The practicals of the courses somebody has to finish, by key."""
    people = catalogue.curriculum_of(engagement).people
    courses = [c for c in catalogue.courses_of(engagement) if people.get(c.path)]
    lessons = [lesson for course in courses for lesson in course.published.lessons.all()]
    return {one.key: one for lesson in lessons for one in practicals.named(lesson.practicals)}


def _told(row) -> str:
    words = _("%(path)s: %(finished)s of %(needed)s finished")
    return words % {**row, "path": Path(row["path"]).label}
