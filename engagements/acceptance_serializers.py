"""What the API takes and gives of contracts, verdicts, gates, waivers and sign-offs."""

from decimal import Decimal

from rest_framework import serializers

from engagements import verdicts
from engagements.models import AcceptanceContract, PhaseRecord, Side, Signoff, Verdict, Waiver
from engagements.models.contract import Outcome
from engagements.phases import Phase
from lepton.lib.strict import StrictSerializer


def share(**options):
    """A target: strictly between 0 and 1, since no sample can prove 100 %."""
    limits = {
        "min_value": Decimal("0.0001"),
        "max_value": Decimal("0.9999"),
        "help_text": "As in 0.92.",
    }
    return serializers.DecimalField(max_digits=5, decimal_places=4, **limits | options)


class HoldoutSerializer(serializers.Serializer):
    """Test images a contract can be judged on, known by their hash."""

    sha256 = serializers.CharField()
    label = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())


class DeciderSerializer(serializers.Serializer):
    """A person named in a contract."""

    user = serializers.UUIDField(source="user_id")
    name = serializers.CharField()
    side = serializers.ChoiceField(choices=Side.choices)


class ContractSerializer(serializers.ModelSerializer):
    """One frozen version of what counts as good enough."""

    minimum_recalls = serializers.DictField(child=serializers.FloatField())
    holdout_counts = serializers.DictField(child=serializers.IntegerField())
    deciders = DeciderSerializer(many=True)
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = AcceptanceContract
        fields = ["id", "version", "accuracy_target", "macro_f1_target", "macro_auc_target"]
        fields += [
            "minimum_recalls",
            "p95_latency_ms",
            "holdout_sha256",
            "holdout_label",
            "holdout_counts",
        ]
        fields += ["deciders", "sha256", "created_by", "created_at"]


class NewContractSerializer(StrictSerializer):
    """The next version of the contract; it is frozen as it is sent."""

    accuracy_target = share(required=False)
    macro_f1_target = share(required=False)
    macro_auc_target = share(required=False)
    minimum_recalls = serializers.DictField(child=share(), required=False)
    p95_latency_ms = serializers.IntegerField(required=False, min_value=1, max_value=600_000)
    holdout_sha256 = serializers.CharField(max_length=64)
    deciders = serializers.ListField(
        child=serializers.UUIDField(), min_length=2, max_length=20, help_text="User ids."
    )


class CriterionSerializer(serializers.Serializer):
    """One criterion judged by its interval."""

    key = serializers.CharField()
    label = serializers.CharField(allow_blank=True)
    title = serializers.SerializerMethodField()
    words = serializers.SerializerMethodField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    target = serializers.FloatField()
    needed = serializers.IntegerField(allow_null=True, help_text="More items that would settle it.")

    def get_title(self, criterion) -> str:
        return verdicts.title(criterion)

    def get_words(self, criterion) -> str:
        return verdicts.words(criterion)


class VerdictSerializer(serializers.ModelSerializer):
    """What a contract version said of a model version's figures at that time."""

    contract_version = serializers.IntegerField(source="contract.version")
    model_version = serializers.UUIDField(source="candidate_id")
    model = serializers.CharField(source="candidate_label")
    criteria = CriterionSerializer(many=True)
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Verdict
        fields = ["id", "contract_version", "model_version", "model", "outcome", "criteria"]
        fields += ["measured_at", "created_by", "created_at"]


class NewVerdictSerializer(StrictSerializer):
    """The model version to judge by the standing contract."""

    model_version = serializers.UUIDField()


class WaiverSerializer(serializers.ModelSerializer):
    """One check let pass for one phase of one iteration, once it is granted."""

    check = serializers.CharField(source="check_key")
    model_version = serializers.UUIDField(source="candidate_id", allow_null=True)
    asked_by = serializers.CharField(source="created_by_label")
    granted_by = serializers.CharField(source="granted_by_label", allow_blank=True)

    class Meta:
        model = Waiver
        fields = ["id", "iteration", "phase", "check", "model_version", "reason", "asked_by"]
        fields += ["created_at"]
        fields += ["granted_by", "granted_at"]


class NewWaiverSerializer(StrictSerializer):
    """The unmet check of the present gate to be passed over, and why."""

    check = serializers.CharField(max_length=60)
    model_version = serializers.UUIDField(
        required=False, help_text="Which one, where it is to go into production without a pass."
    )
    reason = serializers.CharField(max_length=1000)


class CheckSerializer(serializers.Serializer):
    """A check and what it found."""

    check = serializers.CharField(source="key")
    title = serializers.CharField()
    met = serializers.BooleanField()
    waived = serializers.BooleanField()
    words = serializers.CharField(source="finding.words")
    evidence = serializers.DictField(source="finding.evidence")
    url = serializers.CharField(source="finding.url", allow_blank=True)


class GateSerializer(serializers.Serializer):
    """The gate of the present phase, as the facts are now."""

    phase = serializers.ChoiceField(choices=Phase.choices)
    to = serializers.ChoiceField(choices=Phase.choices)
    is_open = serializers.BooleanField()
    checks = CheckSerializer(many=True)


class PhaseRecordSerializer(serializers.ModelSerializer):
    """A gate that was passed, with its evidence and the hash over it."""

    checks = serializers.ListField(child=serializers.DictField())
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = PhaseRecord
        fields = ["id", "iteration", "phase", "to", "entered_at", "checks", "sha256"]
        fields += ["created_by", "created_at"]


class SignoffSerializer(serializers.ModelSerializer):
    """A signature, or the entry that takes one back (`revokes`)."""

    statement = serializers.DictField()
    signed_by = serializers.CharField(source="created_by_label")
    revokes = serializers.UUIDField(source="revokes_id", allow_null=True)

    class Meta:
        model = Signoff
        fields = ["id", "kind", "statement", "sha256", "side", "signed_by", "created_at"]
        fields += ["revokes", "reason"]


class StatementSerializer(serializers.Serializer):
    """What is to be signed now, who has signed it and who has not."""

    kind = serializers.ChoiceField(choices=Signoff.Kind.choices)
    statement = serializers.DictField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True)
    signed = SignoffSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())


class NewSignoffSerializer(StrictSerializer):
    """The kind, and the hash of the statement that was read."""

    kind = serializers.ChoiceField(choices=Signoff.Kind.choices)
    sha256 = serializers.CharField(max_length=64)


class RevocationSerializer(StrictSerializer):
    """Why a signature is taken back."""

    reason = serializers.CharField(max_length=1000)
