"""API of erasures: ask, see what it touches, confirm, follow."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback.erasure import services
from feedback.erasure.listing import look
from feedback.erasure.models import Erasure
from lepton.lib.canonical import sha256_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import StrictSerializer, valid

TAGS = ["Erasures"]


class ErasureSerializer(serializers.ModelSerializer):
    """A request to erase a subject throughout the tenant."""

    engagement = serializers.UUIDField(source="engagement_id")
    created_by = serializers.CharField(source="created_by_label")
    confirmed_by = serializers.CharField(allow_null=True)

    class Meta:
        model = Erasure
        fields = ["id", "engagement", "kind", "subject", "reason", "state", "others"]
        fields += ["created_by", "created_at", "confirmed_by", "confirmed_at", "finished_at"]


class ErasureDetailSerializer(ErasureSerializer):
    """A request with what it touches: as it is now, or as it was confirmed."""

    touches = serializers.SerializerMethodField()
    touches_sha256 = serializers.SerializerMethodField(
        help_text="Of `touches`; whoever confirms sends it back."
    )
    files = serializers.SerializerMethodField(help_text="How many files have to go.")
    files_gone = serializers.SerializerMethodField()
    receipt = serializers.UUIDField(source="receipt_id", allow_null=True, help_text="A document.")

    class Meta(ErasureSerializer.Meta):
        fields = [*ErasureSerializer.Meta.fields, "touches", "touches_sha256"]
        fields += ["files", "files_gone", "receipt"]

    def to_representation(self, erasure):
        is_open = erasure.state == Erasure.State.LISTED
        self.touched = look(erasure.kind, erasure.subject).touches if is_open else erasure.touches
        return super().to_representation(erasure)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_touches(self, erasure):
        return self.touched

    def get_touches_sha256(self, erasure) -> str:
        return sha256_of(self.touched)

    def get_files(self, erasure) -> int:
        return erasure.pieces.count()

    def get_files_gone(self, erasure) -> int:
        return erasure.pieces.exclude(erased_at=None).count()


class NewErasureSerializer(StrictSerializer):
    """Whose data, and why."""

    kind = serializers.ChoiceField(choices=Erasure.Kind.choices)
    subject = serializers.CharField(
        max_length=200,
        help_text="The reference, the group's name, or the id of the image or prediction.",
    )
    reason = serializers.CharField(max_length=2000)


class ConfirmSerializer(StrictSerializer):
    """That somebody saw the list and means it."""

    touches_sha256 = serializers.CharField(max_length=64)
    others = serializers.ChoiceField(
        choices=Erasure.Others.choices,
        required=False,
        help_text="Needed where `touches.others` names anybody.",
    )


@listed("erasure", ErasureSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="erasure_ask",
    tags=TAGS,
    description="Ask to erase a subject; nothing is gone before somebody confirms the list.",
    request=NewErasureSerializer,
    responses=responses({201: ErasureDetailSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DATA)
def erasures(request, engagement):
    """List the requests of an engagement, newest first."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        rows = engagement.erasures.select_related("confirmed_by")
        return paged(request, rows, ErasureSerializer)
    wanted = valid(NewErasureSerializer, request.data)
    made = services.ask_for_erasure(engagement, **wanted, by=request.actor)
    return Response(ErasureDetailSerializer(made).data, status=201)


@extend_schema(
    operation_id="erasure_read", tags=TAGS, responses=responses(ErasureDetailSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def erasure(request, erasure):
    """Read a request, what it touches and how far it is."""
    return Response(ErasureDetailSerializer(_found(erasure)).data)


@extend_schema(
    operation_id="erasure_confirm",
    tags=TAGS,
    description="Erase what is listed, for good; a person who manages the tenant has to say so.",
    request=ConfirmSerializer,
    responses=responses({202: ErasureDetailSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.MANAGE)
def confirm(request, erasure):
    """Confirm a request by the hash of its list."""
    wanted = valid(ConfirmSerializer, request.data)
    done = services.confirm_erasure(_found(erasure), **wanted, by=request.actor)
    return Response(ErasureDetailSerializer(done).data, status=202)


@extend_schema(
    operation_id="erasure_withdraw",
    tags=TAGS,
    request=None,
    responses=responses(ErasureDetailSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(Capability.DATA)
def withdraw(request, erasure):
    """Take a request back that nobody has confirmed."""
    done = services.withdraw_erasure(_found(erasure), by=request.actor)
    return Response(ErasureDetailSerializer(done).data)


def _found(pk) -> Erasure:
    return get_object_or_404(Erasure.objects.select_related("engagement__tenant", "tenant"), pk=pk)
