"""The few people and things most tests need, made by the services people's clicks use."""

from django.utils.timezone import now

from accounts import services as accounts
from accounts.models import User
from accounts.scoping import tenant_scope
from enablement import progress
from enablement.models import Course, CourseVersion, Lesson
from engagements import gates, waivers
from engagements import services as engagements

PASSWORD = "correct horse battery"


def staff(name, role):
    return User.objects.create_user(
        f"{name.lower()}@vendor.example", PASSWORD, name=name, staff_role=role
    )


def member(tenant, name, role):
    with tenant_scope(tenant):
        membership = accounts.add_member(
            f"{name.lower()}@{tenant.slug}.example",
            name=name,
            role=role,
            by=None,
            password=PASSWORD,
        )
    return membership.user


def api_key(tenant, owner, *scopes):
    """Make a key of the tenant; returns the key's text."""
    with tenant_scope(tenant):
        _row, secret = accounts.create_key("test client", scopes=scopes, by=owner)
    return secret


def engagement(tenant, by, name="Surface inspection"):
    with tenant_scope(tenant):
        made = engagements.open_engagement(name, by=by)
        engagements.write_requirement(
            made,
            need="Find faulty castings before they are shipped.",
            classes=["ok", "scratch"],
            metric="accuracy",
            target="0.9",
            by=by,
        )
    return made


def waive_gate(engagement, *, asking, granting):
    """Have every unmet check of the present gate waived, by two people as the rules demand."""
    for check in gates.look(engagement).unmet:
        waiver = waivers.request_waiver(engagement, check.key, reason="Agreed by phone.", by=asking)
        waivers.grant_waiver(waiver, by=granting)


def course(path="operator", title="Basics", *lessons):
    """Publish a standard course; lessons are dicts of Lesson, by default one to be read."""
    made = Course.objects.create(
        key=title.lower().replace(" ", "-"), path=path, title=title, is_standard=True
    )
    version = CourseVersion.objects.create(course=made, number=1, published_at=now())
    for position, facts in enumerate(lessons or [{"title": "One"}], start=1):
        Lesson.objects.create(version=version, position=position, **{"body": "Read."} | facts)
    return made


def train(engagement, path, person):
    """Let a person finish a course of a path (made here where there is none)."""
    made = Course.objects.offered().filter(path=path).first() or course(path, path.title())
    enrolment = progress.begin(engagement, person, made)
    for lesson in enrolment.version.lessons.all():
        progress.answer_quiz(enrolment, lesson, answers=[])
    return enrolment
