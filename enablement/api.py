"""API of learning: courses, lessons, quizzes, practice keys, who learned what."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from accounts.access import member_api
from accounts.models import User
from accounts.serializers import NewKeySerializer
from enablement import catalogue, certificates, pages, practice, progress, satisfaction
from enablement import serializers as shapes
from enablement.models import Course, Enrolment
from engagements import privacy
from engagements.pages import engagement_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Customer training"]


@extend_schema(
    operation_id="course_list",
    tags=TAGS,
    responses=responses(shapes.CourseStateSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def courses(request, engagement):
    """List the courses of an engagement, and how far the caller is with each."""
    rows = pages.standing(engagement_of(engagement), _person(request))
    return Response(shapes.CourseStateSerializer(rows, many=True).data)


@extend_schema(
    operation_id="lesson_read", tags=TAGS, responses=responses(shapes.LessonSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def lesson(request, engagement, lesson):
    """Read a lesson, and what the server has seen of its practicals."""
    engagement, user = engagement_of(engagement), _person(request)
    found, here = pages.lesson_of(engagement, user, lesson)
    return Response(shapes.LessonSerializer(pages.lesson_part(engagement, found, here, user)).data)


@extend_schema(
    operation_id="quiz_answer",
    tags=TAGS,
    description="Answer a quiz, as often as one likes; for people, not for keys.",
    request=shapes.AnswersSerializer,
    responses=responses({201: shapes.MarkedSerializer}, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api()
def quiz(request, engagement, lesson):
    """Answer the quiz of a lesson."""
    engagement = engagement_of(engagement)
    found, here = pages.lesson_of(engagement, _person(request), lesson)
    wanted = valid(shapes.AnswersSerializer, request.data)
    enrolment = progress.begin(engagement, _somebody(request), here.course)
    attempt = progress.answer_quiz(enrolment, found, **wanted)
    data = shapes.MarkedSerializer(pages.quiz_part(found, here, attempt)).data
    return Response(data, status=201)


@extend_schema(
    operation_id="practice_key_make",
    tags=TAGS,
    description="Make one's practice key in place of an earlier one; what it does counts nowhere.",
    request=None,
    responses=responses({201: NewKeySerializer}, 403, 404),
)
@api_view(["POST"])
@member_api()
def practice_key(request, engagement, lesson):
    """Make one's practice key; whoever practises has begun the course."""
    engagement = engagement_of(engagement)
    _lesson, here = pages.lesson_of(engagement, _person(request), lesson)
    progress.begin(engagement, _somebody(request), here.course)
    row, secret = practice.make_key(by=request.actor)
    data = NewKeySerializer(row, context={"secret": secret}).data
    return Response(data, status=201, headers={"Cache-Control": "no-store"})


@extend_schema(
    methods=["GET"],
    operation_id="training_read",
    tags=TAGS,
    responses=responses(shapes.TrainingSerializer, 403, 404),
)
@extend_schema(
    methods=["PUT"],
    operation_id="training_choose",
    tags=TAGS,
    description="For the vendor's account managers.",
    request=shapes.ChooseSerializer,
    responses=responses(shapes.TrainingSerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PUT"])
@member_api()
def training(request, engagement):
    """Read or choose what an engagement asks of the customer's people."""
    engagement = engagement_of(engagement)
    if request.method == "PUT":
        _refuse_unless_manager(request)
        wanted = valid(shapes.ChooseSerializer, request.data)
        offered = Course.objects.offered()
        chosen = [get_object_or_404(offered, key=key) for key in wanted.pop("courses")]
        catalogue.choose(engagement, courses=chosen, **wanted, by=request.actor)
    facts = {
        "needed": catalogue.needed(engagement),
        "courses": [one.key for one in catalogue.courses_of(engagement)],
        "survey_every_days": catalogue.curriculum_of(engagement).survey_every_days,
        "recommendation": satisfaction.of(engagement),
    }
    return Response(shapes.TrainingSerializer(facts).data)


@listed("learner", shapes.LearnerSerializer, tags=TAGS)
@api_view(["GET"])
@member_api()
def learners(request, engagement):
    """List who takes which course, who began last first."""
    rows = Enrolment.objects.with_course().filter(engagement=engagement_of(engagement))
    return paged(request, rows.of_customers(), shapes.LearnerSerializer, ordering="-started_at")


@extend_schema(
    operation_id="certificate_read",
    tags=TAGS,
    description=(
        "Download the certificate of a learner as a PDF; 409 until they have finished. Whoever has"
        " its code sees at /certificates/<code>/ that it is genuine."
    ),
    responses=responses({(200, "application/pdf"): OpenApiTypes.BINARY}, 403, 404, 409),
)
@api_view(["GET"])
@member_api()
def certificate(request, engagement, learner):
    """Download the certificate of a learner."""
    rows = Enrolment.objects.with_course().filter(engagement=engagement_of(engagement))
    given = certificates.of(get_object_or_404(rows, pk=learner))
    return certificates.sent(given, as_attachment=True)


@listed("survey_answer", shapes.SurveyAnswerSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="survey_answer_give",
    tags=TAGS,
    description="For members of the customer.",
    request=shapes.AnswerSurveySerializer,
    responses=responses({201: shapes.SurveyAnswerSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api()
def survey_answers(request, engagement):
    """List how likely people are to recommend us, newest first."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        rows = engagement.survey_answers.all()
        return paged(request, rows, shapes.SurveyAnswerSerializer)
    wanted = valid(shapes.AnswerSurveySerializer, request.data)
    row = satisfaction.answer(engagement, **wanted, by=request.actor)
    return Response(shapes.SurveyAnswerSerializer(row).data, status=201)


def _refuse_unless_manager(request):
    if request.auth is not None or not request.user.is_account_manager:
        raise PermissionDenied(_("Your role does not include this."))


def _person(request):
    """The person who asks, or None for keys and for staff who view as the customer."""
    person = privacy.person_of(request)
    return person if isinstance(person, User) else None


def _somebody(request):
    """The person who learns; keys don't."""
    if (person := _person(request)) is None:
        raise PermissionDenied(_("This is for people: sign in."))
    return person
