"""What the API takes and gives of customer training."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from enablement.models import Enrolment, SurveyAnswer
from enablement.paths import Path
from lepton.lib.strict import StrictSerializer


class LessonStateSerializer(serializers.Serializer):
    """A lesson in a list, and whether the caller has done it."""

    id = serializers.UUIDField(source="lesson.pk")
    title = serializers.CharField(source="lesson.title")
    minutes = serializers.IntegerField(source="lesson.minutes")
    questions = serializers.SerializerMethodField(help_text="How many its quiz has.")
    is_done = serializers.BooleanField()

    def get_questions(self, row) -> int:
        return len(row["lesson"].questions)


class CourseStateSerializer(serializers.Serializer):
    """A course of the engagement, and how far the caller is with it."""

    id = serializers.UUIDField(source="course.pk")
    key = serializers.CharField(source="course.key")
    path = serializers.ChoiceField(source="course.path", choices=Path.choices)
    title = serializers.CharField(source="course.title")
    summary = serializers.CharField(source="course.summary")
    version = serializers.IntegerField(source="version.number")
    is_finished = serializers.BooleanField()
    learner = serializers.UUIDField(
        source="enrolment.pk",
        allow_null=True,
        default=None,
        help_text="The caller among the learners; null before they began.",
    )
    lessons = serializers.SerializerMethodField()

    @extend_schema_field(LessonStateSerializer(many=True))
    def get_lessons(self, here):
        rows = [{"lesson": one, "is_done": here.is_done(one)} for one in here.lessons]
        return LessonStateSerializer(rows, many=True).data


class AskedSerializer(serializers.Serializer):
    """A question of a quiz, with its options in the order their numbers count from 0."""

    text = serializers.CharField()
    several = serializers.BooleanField(help_text="Whether more than one option is right.")
    options = serializers.SerializerMethodField()

    def get_options(self, question) -> list[str]:
        return [one["text"] for one in question["options"]]


class PracticalStateSerializer(serializers.Serializer):
    """Something to do, and when the server saw the caller do it."""

    key = serializers.CharField(source="practical.key")
    title = serializers.CharField(source="practical.title")
    task = serializers.CharField(source="practical.task")
    seen_at = serializers.DateTimeField(source="seen.at", allow_null=True, default=None)


class LessonSerializer(serializers.Serializer):
    """A lesson to read, with its quiz and practicals."""

    id = serializers.UUIDField(source="lesson.pk")
    title = serializers.CharField(source="lesson.title")
    html = serializers.CharField()
    questions = AskedSerializer(many=True)
    is_passed = serializers.BooleanField(source="passed")
    practicals = PracticalStateSerializer(many=True)


class AnswersSerializer(StrictSerializer):
    """The chosen options of each question, as in [[1], [0, 2]]."""

    answers = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(min_value=0), max_length=20),
        max_length=50,
    )


class MarkedQuestionSerializer(serializers.Serializer):
    """What became of one answer, and why the right one is right."""

    text = serializers.CharField()
    is_right = serializers.BooleanField()
    right = serializers.SerializerMethodField(help_text="The options that are right.")
    why = serializers.CharField()

    def get_right(self, question) -> list[int]:
        return [n for n, one in enumerate(question["options"]) if one["is_right"]]


class MarkedSerializer(serializers.Serializer):
    """What became of the answers to a quiz."""

    right = serializers.IntegerField(source="attempt.right")
    n = serializers.IntegerField(source="attempt.n")
    is_passed = serializers.BooleanField(source="attempt.is_passed")
    questions = MarkedQuestionSerializer(many=True)


class NeededSerializer(serializers.Serializer):
    """How many people finish a path, and how many have."""

    path = serializers.ChoiceField(choices=Path.choices)
    needed = serializers.IntegerField()
    finished = serializers.IntegerField()


class ScoreSerializer(serializers.Serializer):
    """The Net Promoter Score, -100 to 100; null below five answers."""

    n = serializers.IntegerField()
    promoters = serializers.IntegerField()
    detractors = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class TrainingSerializer(serializers.Serializer):
    """What an engagement asks of the customer's people, and what is there."""

    needed = NeededSerializer(many=True)
    courses = serializers.ListField(child=serializers.CharField(), help_text="Their keys.")
    survey_every_days = serializers.IntegerField(allow_null=True)
    recommendation = ScoreSerializer()


class ChooseSerializer(StrictSerializer):
    """How many people finish which path, which courses are taught, how often we ask."""

    people = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=100))
    courses = serializers.ListField(child=serializers.SlugField(), help_text="Their keys.")
    survey_every_days = serializers.IntegerField(
        min_value=7, max_value=730, allow_null=True, default=None
    )


class LearnerSerializer(serializers.ModelSerializer):
    """Somebody who takes a course."""

    name = serializers.CharField(source="user.name")
    course = serializers.CharField(source="version.course.key")
    version = serializers.IntegerField(source="version.number")
    certificate = serializers.CharField(source="certificate.code", allow_null=True, default=None)

    class Meta:
        model = Enrolment
        fields = ["id", "name", "course", "version", "started_at", "finished_at", "certificate"]


class SurveyAnswerSerializer(serializers.ModelSerializer):
    """How likely somebody is to recommend us."""

    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = SurveyAnswer
        fields = ["id", "score", "comment", "created_by", "created_at"]


class AnswerSurveySerializer(StrictSerializer):
    """An answer from 0 to 10."""

    score = serializers.IntegerField(min_value=0, max_value=10)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")
