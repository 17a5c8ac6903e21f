"""API of courses, the vendor's own: everybody else gets 404."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from enablement import course_serializers as shapes
from enablement import courses as services
from enablement import files as file_services
from enablement.models import Course
from engagements.vendor import staff_api
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Courses"]


@listed("whole_course", shapes.CourseSerializer, tags=TAGS, refusals=(404,))
@api_view(["GET"])
@staff_api
def courses(request):
    """List the vendor's courses, the retired ones too, newest first."""
    return paged(request, Course.objects.all(), shapes.CourseSerializer)


@extend_schema(
    methods=["GET"],
    operation_id="course_read",
    tags=TAGS,
    responses=responses(shapes.WholeCourseSerializer, 404),
)
@extend_schema(
    methods=["PUT"],
    operation_id="course_write",
    tags=TAGS,
    description="Write a course's draft whole; people see it once it is published.",
    request=shapes.WriteCourseSerializer,
    responses=responses(shapes.WholeCourseSerializer, 400, 404, 415),
)
@extend_schema(
    methods=["DELETE"],
    operation_id="course_retire",
    tags=TAGS,
    description="Offer a course no longer; who takes it finishes it.",
    responses=responses(None, 404),
)
@api_view(["GET", "PUT", "DELETE"])
@staff_api
def course(request, course_key):
    """Read, write or retire one course by its key."""
    if request.method == "PUT":
        wanted = valid(shapes.WriteCourseSerializer, request.data)
        written = services.write_course(course_key, **wanted, by=request.user)
        return Response(shapes.WholeCourseSerializer(written).data)
    found = get_object_or_404(Course, key=course_key)
    if request.method == "DELETE":
        services.retire_course(found, by=request.user)
        return Response(status=204)
    return Response(shapes.WholeCourseSerializer(found).data)


@extend_schema(
    operation_id="course_publish",
    tags=TAGS,
    request=shapes.PublishSerializer,
    responses=responses(shapes.WholeCourseSerializer, 400, 404, 409, 415),
)
@api_view(["POST"])
@staff_api
def publish(request, course_key):
    """Publish the draft of a course."""
    found = get_object_or_404(Course, key=course_key)
    wanted = valid(shapes.PublishSerializer, request.data)
    if found.draft is None:
        raise NotFound
    services.publish(found.draft, **wanted, by=request.user)
    return Response(shapes.WholeCourseSerializer(found).data)


@extend_schema(
    operation_id="course_file_add",
    tags=TAGS,
    request={"multipart/form-data": shapes.NewCourseFileSerializer},
    responses=responses({201: shapes.CourseFileSerializer}, 400, 404, 415),
)
@api_view(["POST"])
@parser_classes([MultiPartParser])
@staff_api
def files(request, course_key):
    """Add a picture, film, captions or material to a course."""
    found = get_object_or_404(Course, key=course_key)
    file = valid(shapes.NewCourseFileSerializer, request.data)["file"]
    stored = file_services.store(found, file)
    made = file_services.add_file(found, stored, by=request.user)
    return Response(shapes.CourseFileSerializer(made).data, status=201)
