"""What the API takes and gives of tenants, members, API keys and audit entries."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import ApiKey, AuditEntry, Membership, slug_validator
from accounts.roles import KEY_SCOPES, Role
from lepton.lib.strict import StrictSerializer

SCOPES = [(scope.value, scope.label) for scope in KEY_SCOPES]


class TenantSerializer(serializers.Serializer):
    """A tenant, and the role one has in it."""

    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField(allow_null=True)


class MeSerializer(serializers.Serializer):
    """Who is asking: a person or an API key."""

    kind = serializers.ChoiceField(choices=["person", "key"])
    name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    staff_role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    tenants = TenantSerializer(many=True)


class NewTenantSerializer(StrictSerializer):
    """A tenant to open."""

    slug = serializers.CharField(max_length=50, validators=[slug_validator])
    name = serializers.CharField(max_length=120)


class MemberSerializer(serializers.ModelSerializer):
    """A member and their role."""

    name = serializers.CharField(source="user.name")
    email = serializers.EmailField(source="user.email")
    is_invited = serializers.BooleanField(source="user.is_invited")

    class Meta:
        model = Membership
        fields = ["id", "name", "email", "role", "is_invited", "created_at"]


class InvitedMemberSerializer(MemberSerializer):
    """A member just invited; the link is given where no mail is delivered, once."""

    invitation_link = serializers.SerializerMethodField()

    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "invitation_link"]

    def get_invitation_link(self, membership) -> str | None:
        return self.context.get("link") or None


class NewMemberSerializer(StrictSerializer):
    """A person to invite."""

    name = serializers.CharField(max_length=120)
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)


class NewRoleSerializer(StrictSerializer):
    """Another role for a member."""

    role = serializers.ChoiceField(choices=Role.choices)


class KeySerializer(serializers.ModelSerializer):
    """An API key, without the key itself."""

    state = serializers.ChoiceField(choices=ApiKey.State.choices)
    created_by = serializers.CharField()

    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "scopes", "state", "created_by", "created_at"]
        fields += ["expires_at", "revoked_at", "last_used_at", "is_practice"]


class NewKeySerializer(KeySerializer):
    """An API key just made: the only answer that holds the key itself."""

    key = serializers.SerializerMethodField(help_text=_("Shown this once; it is not kept."))

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "key"]

    def get_key(self, row) -> str:
        return self.context["secret"]


class CreateKeySerializer(StrictSerializer):
    """A key to make."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=len(SCOPES)
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RotateKeySerializer(StrictSerializer):
    """How long the old key goes on working."""

    old_works_until = serializers.DateTimeField()


class AuditEntrySerializer(serializers.ModelSerializer):
    """Who did what, when."""

    actor = serializers.CharField(source="actor_label")

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "verb", "subject_type", "subject_id", "subject_label"]
        fields += ["detail", "sequence", "previous_sha256", "sha256"]


class AuditQuerySerializer(StrictSerializer):
    """What the audit list is narrowed to."""

    who = serializers.CharField(required=False, max_length=100)
    verb = serializers.CharField(required=False, max_length=60)
    day = serializers.DateField(required=False, help_text="A day of UTC.")
    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(required=False)
