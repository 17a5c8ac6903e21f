"""API of acceptance contracts and verdicts."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import acceptance_serializers as serializers
from engagements import contracts, pages
from engagements import holdouts as known_holdouts
from engagements.models import Verdict
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Acceptance"]


@extend_schema(
    operation_id="holdout_list",
    tags=TAGS,
    responses=responses(serializers.HoldoutSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def holdouts(request, engagement):
    """List what a contract can be judged on, newest first."""
    found = known_holdouts.of(pages.engagement_of(engagement))
    return Response(serializers.HoldoutSerializer(found, many=True).data)


@listed("contract", serializers.ContractSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="contract_freeze",
    tags=TAGS,
    description="Freeze the next version. Models are judged by it once everybody it names has"
    " signed it; before the first signed version, at once. Earlier verdicts stand as they are.",
    request=serializers.NewContractSerializer,
    responses=responses({201: serializers.ContractSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.ENGAGE)
def contracts_of(request, engagement):
    """List the versions of the acceptance contract, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = found.contracts.prefetch_related("deciders")
        return paged(request, rows, serializers.ContractSerializer, ordering="-version")
    wanted = valid(serializers.NewContractSerializer, request.data)
    wanted["deciders"] = contracts.people(wanted["deciders"])
    frozen = contracts.freeze_contract(found, **wanted, by=request.actor)
    return Response(serializers.ContractSerializer(frozen).data, status=201)


@listed("verdict", serializers.VerdictSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="verdict_give",
    tags=TAGS,
    description="Judge a model version's figures on the holdout of the contract that stands; others"
    " do not count.",
    request=serializers.NewVerdictSerializer,
    responses=responses({201: serializers.VerdictSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.RUN)
def verdicts(request, engagement):
    """List the verdicts, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = Verdict.objects.filter(contract__engagement=found).select_related("contract")
        return paged(request, rows, serializers.VerdictSerializer)
    wanted = valid(serializers.NewVerdictSerializer, request.data)
    given = contracts.judge(found, candidate_id=wanted["model_version"], by=request.actor)
    return Response(serializers.VerdictSerializer(given).data, status=201)
