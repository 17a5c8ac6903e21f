"""What the API takes and gives of data iterations."""

from rest_framework import serializers

from feedback.iteration import judging, shown
from feedback.iteration.models import SLICE_LENGTH, DataIteration, IterationPolicy
from feedback.iteration.policies import FIELDS
from lepton.lib import media
from lepton.lib.strict import StrictSerializer


class PolicySerializer(serializers.ModelSerializer):
    """When data iterations start, and who promotes what wins."""

    margin = serializers.FloatField(help_text="0 asks that the challenger is surely better.")

    class Meta:
        model = IterationPolicy
        fields = list(FIELDS)
        read_only_fields = fields


class SetPolicySerializer(StrictSerializer):
    """Fields of the policy to change; the others stay."""

    mode = serializers.ChoiceField(choices=IterationPolicy.Mode.choices, required=False)
    method = serializers.ChoiceField(choices=IterationPolicy.Method.choices, required=False)
    least_corrections = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)
    every_days = serializers.IntegerField(
        required=False, min_value=1, max_value=3650, allow_null=True
    )
    cooldown_hours = serializers.IntegerField(required=False, min_value=0, max_value=8760)
    runs_per_day = serializers.IntegerField(required=False, min_value=1, max_value=1000)
    margin = serializers.DecimalField(
        required=False, max_digits=4, decimal_places=3, min_value=0, max_value=1
    )
    protected_classes = serializers.ListField(
        child=serializers.CharField(max_length=80), required=False, max_length=200
    )
    protected_slices = serializers.ListField(
        child=serializers.CharField(max_length=SLICE_LENGTH),
        required=False,
        max_length=200,
        help_text="Of the holdout's metadata, each as name=value.",
    )
    demotes = serializers.BooleanField(required=False)
    watch_days = serializers.IntegerField(required=False, min_value=1, max_value=365)


class StepSerializer(serializers.Serializer):
    """One step: done, now, bad or coming."""

    title = serializers.CharField()
    words = serializers.CharField()
    status = serializers.ChoiceField(source="state", choices=["done", "now", "bad", "coming"])


class ClassCountSerializer(serializers.Serializer):
    """How many of one class."""

    label = serializers.CharField(allow_blank=True)
    n = serializers.IntegerField()


class DiffPictureSerializer(serializers.Serializer):
    """One picture of the diff card."""

    words = serializers.CharField()
    image_url = serializers.SerializerMethodField(help_text="Opens for five minutes.")

    def get_image_url(self, picture) -> str | None:
        url = picture.key and media.signed_url(picture.key)
        return self.context["request"].build_absolute_uri(url) if url else None


class DiffPartSerializer(serializers.Serializer):
    """What of one kind changes; some of its pictures."""

    key = serializers.CharField()
    n = serializers.IntegerField()
    classes = ClassCountSerializer(many=True)
    pictures = DiffPictureSerializer(many=True)


class AccuracyInUseSerializer(serializers.Serializer):
    """Accuracy in use with its 95 % interval, from the review queue or what was answered."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    source = serializers.ChoiceField(choices=["review", "answers"])


class DataIterationSerializer(serializers.ModelSerializer):
    """One pass from accepted corrections to a judged challenger."""

    engagement = serializers.UUIDField(source="engagement_id")
    base = serializers.UUIDField(source="base_id", help_text="The dataset version before.")
    version = serializers.UUIDField(source="version_id", allow_null=True)
    run = serializers.UUIDField(source="run_id", allow_null=True)
    champion = serializers.UUIDField(source="champion_id")
    challenger = serializers.UUIDField(source="challenger_id", allow_null=True)
    by = serializers.CharField(source="created_by_label")

    class Meta:
        model = DataIteration
        fields = ["id", "engagement", "number", "trigger", "trigger_words", "state", "base"]
        fields += ["version", "run", "champion", "challenger", "judgement", "cause", "by"]
        fields += ["created_at", "promoted_at", "watched_until", "ended_at"]


class DataIterationDetailSerializer(DataIterationSerializer):
    """The same with its steps, the diff card and the accuracy in use before and since."""

    steps = serializers.SerializerMethodField()
    card = serializers.SerializerMethodField()
    accuracy_before = AccuracyInUseSerializer(allow_null=True)
    accuracy_since = serializers.SerializerMethodField()
    verdict = serializers.SerializerMethodField(help_text="The judgement in a sentence.")

    class Meta(DataIterationSerializer.Meta):
        fields = [*DataIterationSerializer.Meta.fields, "steps", "card", "accuracy_before"]
        fields += ["accuracy_since", "verdict"]

    def get_steps(self, row) -> StepSerializer(many=True):
        return StepSerializer(shown.steps(row), many=True).data

    def get_card(self, row) -> DiffPartSerializer(many=True):
        return DiffPartSerializer(shown.card(row), many=True, context=self.context).data

    def get_accuracy_since(self, row) -> AccuracyInUseSerializer(allow_null=True):
        found = shown.in_use(row)["after"]
        return found and AccuracyInUseSerializer(found).data

    def get_verdict(self, row) -> str:
        return judging.in_words(row.judgement) if row.judgement else ""


class KeepChampionSerializer(StrictSerializer):
    """Why the champion is kept."""

    reason = serializers.CharField(max_length=500)


class BlockSerializer(serializers.Serializer):
    """What holds the next data iteration up."""

    words = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    is_for_hand = serializers.BooleanField(help_text="It holds up people too.")


class IterationStandSerializer(serializers.Serializer):
    """What waits to be taken up, and what holds that up."""

    corrections = serializers.IntegerField()
    waiting = DiffPartSerializer(many=True)
    blocks = BlockSerializer(many=True)
