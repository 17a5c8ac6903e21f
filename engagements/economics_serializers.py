"""What the API takes and gives of rate cards, economics, staff time and iterations."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from engagements.models import Iteration, RateCard, StaffTime
from engagements.privacy import side_of, without_private
from engagements.rates import RATES
from lepton.lib.strict import StrictSerializer

MOST_CENTS = 10**15


class RateCardSerializer(serializers.ModelSerializer):
    """The vendor's prices per unit in cents; null: not charged for."""

    created_by = serializers.CharField(source="created_by.name", allow_null=True, default=None)

    class Meta:
        model = RateCard
        fields = ["id", "number", "valid_from", "currency", *RATES, "created_by", "created_at"]


def rate():
    """Cents a unit, to the ten-thousandth of one."""
    return serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=Decimal(0), required=False, allow_null=True
    )


class NewRateCardSerializer(StrictSerializer):
    """The next rate card; a rate left out is not charged for."""

    valid_from = serializers.DateField()
    currency = serializers.RegexField(r"^[A-Za-z]{3}$", default="EUR")
    gpu_hour_cents = rate()
    cpu_hour_cents = rate()
    thousand_predictions_cents = rate()
    gb_month_cents = rate()
    staff_day_cents = rate()


class LineSerializer(serializers.Serializer):
    """One meter in one iteration; `note` says why there is no cost, or what it lacks."""

    key = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    amount = serializers.DecimalField(max_digits=None, decimal_places=4, allow_null=True)
    rate_cents = serializers.DecimalField(max_digits=12, decimal_places=4, allow_null=True)
    cost_cents = serializers.IntegerField(allow_null=True)
    note = serializers.CharField(allow_blank=True)


class RoundSerializer(serializers.Serializer):
    """What one iteration used and cost."""

    number = serializers.IntegerField(source="span.number")
    since = serializers.DateTimeField(source="span.since")
    until = serializers.DateTimeField(source="span.until")
    lines = LineSerializer(many=True)
    cost_cents = serializers.IntegerField(allow_null=True)


class EconomicsSerializer(serializers.Serializer):
    """Cost against budget and price; totals are the sums of the lines that have a cost."""

    rate_card = RateCardSerializer(source="card", allow_null=True)
    budget_cents = serializers.IntegerField(source="engagement.budget_cents", allow_null=True)
    price_cents = serializers.IntegerField(source="engagement.price_cents", allow_null=True)
    iterations = RoundSerializer(source="rounds", many=True)
    cost_cents = serializers.IntegerField(allow_null=True)
    margin_cents = serializers.IntegerField(allow_null=True)
    budget_left_cents = serializers.IntegerField(allow_null=True)
    budget_used = serializers.FloatField(allow_null=True)
    lines_without_whole_cost = serializers.IntegerField(source="without_cost")
    as_of = serializers.DateTimeField()


def money():
    """Whole cents; null: none."""
    return serializers.IntegerField(
        min_value=0, max_value=MOST_CENTS, required=False, allow_null=True
    )


class EconomicsChangeSerializer(StrictSerializer):
    """What to set; a field left out stays as it is."""

    budget_cents = money()
    price_cents = money()
    rate_card = serializers.PrimaryKeyRelatedField(
        queryset=RateCard.objects.all(), required=False, allow_null=True
    )


class StaffTimeSerializer(serializers.ModelSerializer):
    """Hours of a person on a day."""

    person = serializers.CharField(source="person.name")

    class Meta:
        model = StaffTime
        fields = ["id", "iteration", "person", "on", "hours", "note", "created_at"]


class NewStaffTimeSerializer(StrictSerializer):
    """Hours one worked oneself, in the present iteration."""

    hours = serializers.DecimalField(max_digits=4, decimal_places=2, min_value=Decimal("0.01"))
    on = serializers.DateField()
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class AccuracySerializer(serializers.Serializer):
    """A test accuracy and how many images it was measured on."""

    value = serializers.FloatField()
    n = serializers.IntegerField()


class FactsSerializer(serializers.Serializer):
    """What an iteration came to; null where there is nothing to say it from."""

    lead_seconds = serializers.FloatField(allow_null=True, help_text="From feedback to live.")
    accuracy = AccuracySerializer(allow_null=True)
    accuracy_before = AccuracySerializer(allow_null=True)
    accuracy_gained = serializers.FloatField(allow_null=True)
    compute_seconds = serializers.FloatField(allow_null=True)
    lost_seconds_vendor = serializers.FloatField(help_text="An action item of it was overdue.")
    lost_seconds_customer = serializers.FloatField(help_text="An action item of it was overdue.")
    cost_cents = serializers.IntegerField(
        allow_null=True, required=False, help_text="For the vendor only."
    )


class IterationSerializer(serializers.ModelSerializer):
    """One round of the loop, and what it came to."""

    facts = serializers.SerializerMethodField()

    class Meta:
        model = Iteration
        fields = ["id", "number", "started_at", "ended_at", "facts"]

    @extend_schema_field(FactsSerializer)
    def get_facts(self, iteration):
        found = self.context["facts"].get(iteration.number)
        facts = dict(FactsSerializer(found).data) if found else None
        return without_private(facts, side_of(self.context["request"]))
