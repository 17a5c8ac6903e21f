"""What the API takes and gives of the review queue."""

from rest_framework import serializers

from feedback.review import figures, services
from feedback.review.models import Review
from lepton.lib import media
from lepton.lib.strict import StrictSerializer


class DrawSerializer(StrictSerializer):
    """About how many predictions are to be drawn."""

    wanted = serializers.IntegerField(min_value=1, max_value=services.MOST, default=20)


class DrawnSerializer(serializers.Serializer):
    """How many items came in, those with a known label among them."""

    drawn = serializers.IntegerField()
    items = serializers.IntegerField()


class ReviewAnswerSerializer(StrictSerializer):
    """What somebody says of an item; to correct it to what the model said confirms it."""

    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    label = serializers.CharField(max_length=80, required=False, allow_blank=True)


class ReviewSerializer(serializers.ModelSerializer):
    """One answer in the queue."""

    item = serializers.UUIDField(source="item_id")
    feedback = serializers.UUIDField(source="feedback_id", allow_null=True)
    by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Review
        fields = ["id", "item", "verdict", "label", "is_adjudication", "feedback", "by"]
        fields += ["created_at", "undone_at"]


class ReviewItemSerializer(serializers.Serializer):
    """An item to be answered; where it came from is not told, so that it does not sway anybody."""

    id = serializers.UUIDField()
    label = serializers.CharField(source="shown_label", help_text="What the model answered.")
    score = serializers.FloatField(source="shown_score")
    classes = serializers.SerializerMethodField()
    image_url = serializers.SerializerMethodField(help_text="Opens for five minutes.")

    def get_classes(self, item) -> list[str]:
        return services.classes_of(item)

    def get_image_url(self, item) -> str:
        return self.context["request"].build_absolute_uri(media.signed_url(item.image_key))


class NextSerializer(serializers.Serializer):
    """What the reader can answer next; null when nothing is left for them."""

    left = serializers.IntegerField()
    item = ReviewItemSerializer(allow_null=True)


class ReviewEstimateSerializer(serializers.Serializer):
    """Accuracy on all kept predictions, from the drawn ones, with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    n_effective = serializers.FloatField(
        help_text="From how many answers of a plain random sample it would be as sure."
    )


class AdviceSerializer(serializers.Serializer):
    """How many more reviews it takes to know accuracy to ± points."""

    points = serializers.IntegerField()
    more = serializers.IntegerField()
    words = serializers.SerializerMethodField()

    def get_words(self, advised) -> str:
        return figures.in_words(advised)


class QueueSerializer(serializers.Serializer):
    """How the queue stands, and what it says of the model that answers."""

    drawn = serializers.IntegerField()
    answered = serializers.IntegerField()
    second_opinion = serializers.IntegerField()
    adjudication = serializers.IntegerField()
    sources = serializers.DictField(child=serializers.IntegerField())
    model_version = serializers.IntegerField(allow_null=True)
    accuracy = ReviewEstimateSerializer(allow_null=True)
    advice = AdviceSerializer(many=True)


class ReviewerSerializer(serializers.Serializer):
    """How far a reviewer can be relied on; null while nothing is known."""

    person = serializers.UUIDField()
    name = serializers.CharField()
    reviews = serializers.IntegerField()
    gold = serializers.IntegerField()
    gold_right = serializers.IntegerField()
    shared = serializers.IntegerField()
    agreed = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    is_low = serializers.BooleanField()
