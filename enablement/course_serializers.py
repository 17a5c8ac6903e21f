"""What the API takes and gives of courses, the vendor's own."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from enablement import lesson_html
from enablement.paths import Path
from lepton.lib.strict import StrictSerializer


class OptionSerializer(StrictSerializer):
    """An option of a question."""

    text = serializers.CharField(max_length=300)
    is_right = serializers.BooleanField()


class QuestionSerializer(StrictSerializer):
    """A question of a quiz; `why` is shown with the answers."""

    text = serializers.CharField(max_length=500)
    options = OptionSerializer(many=True)
    why = serializers.CharField(max_length=1000)


class WrittenLessonSerializer(StrictSerializer):
    """A lesson as it is written: Markdown, questions, the keys of practicals."""

    title = serializers.CharField(max_length=120)
    minutes = serializers.IntegerField(min_value=1, max_value=240, default=5)
    body = serializers.CharField()
    questions = QuestionSerializer(many=True, default=list)
    practicals = serializers.ListField(child=serializers.CharField(max_length=60), default=list)


class WriteCourseSerializer(StrictSerializer):
    """A course to write: what the catalogue says, and all lessons of its draft."""

    path = serializers.ChoiceField(choices=Path.choices)
    title = serializers.CharField(max_length=120)
    summary = serializers.CharField(max_length=400, allow_blank=True, default="")
    is_standard = serializers.BooleanField(default=False)
    lessons = WrittenLessonSerializer(many=True)


class CourseFileSerializer(serializers.Serializer):
    """A file of a course."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    file_name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="Good for some hours.")

    def get_url(self, file) -> str:
        return lesson_html.address(file)


class NewCourseFileSerializer(StrictSerializer):
    """A file to add."""

    file = serializers.FileField()


class CourseSerializer(serializers.Serializer):
    """A course of the vendor's, in its draft or else its newest version."""

    key = serializers.CharField()
    path = serializers.ChoiceField(choices=Path.choices)
    title = serializers.CharField()
    summary = serializers.CharField()
    is_standard = serializers.BooleanField()
    retired_at = serializers.DateTimeField(allow_null=True)
    published_version = serializers.IntegerField(
        source="published.number", allow_null=True, default=None
    )
    draft_version = serializers.IntegerField(source="draft.number", allow_null=True, default=None)


class WholeCourseSerializer(CourseSerializer):
    """A course with its lessons and files."""

    lessons = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    @extend_schema_field(WrittenLessonSerializer(many=True))
    def get_lessons(self, course):
        version = course.draft or course.published
        return WrittenLessonSerializer(version.lessons.all(), many=True).data

    @extend_schema_field(CourseFileSerializer(many=True))
    def get_files(self, course):
        return CourseFileSerializer(course.files.order_by("file_name"), many=True).data


class PublishSerializer(StrictSerializer):
    """What counts as passed, in per cent; as before where it is not given."""

    pass_percent = serializers.IntegerField(
        min_value=1, max_value=100, required=False, allow_null=True, default=None
    )
