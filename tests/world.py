"""One row of every kind in a tenant, for tests that only need something to be there."""

from types import SimpleNamespace

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.timezone import now

from accounts import services as accounts
from accounts.models import EmailLink, Membership, User, author
from accounts.scoping import tenant_scope
from engagements import contracts, services, signoffs, waivers
from engagements.models import (
    ActionDependency,
    ActionItem,
    Ask,
    ChangeRequest,
    Decision,
    Delivery,
    DeliveryAttempt,
    Document,
    EngagementTemplate,
    Event,
    Iteration,
    Milestone,
    Rating,
    Signoff,
    StaffTime,
    Standing,
    Webhook,
)
from feedback.models import ErasedPiece, Erasure, Feedback
from feedback.tickets import services as tickets
from serving.models import Deployment, Endpoint, Prediction, StoredReply
from tests import factories
from training.models import (
    Dataset,
    DatasetVersion,
    EvaluatedItem,
    Evaluation,
    Image,
    Import,
    ImportRow,
    Item,
    LabelChange,
    LabelSuspect,
    ModelApproval,
    ModelSelection,
    ModelVersion,
    NearDuplicate,
    Run,
    RunEpoch,
    Split,
    VersionItem,
)

CLASSES = ["ok", "scratch"]
FIGURES, ENDS = ("precision", "recall", "f1"), {"": 0.9, "_low": 0.7, "_high": 0.97}
HASH, OTHER = "0" * 64, "1" * 64


def build(tenant, owner) -> SimpleNamespace:
    """Make the rows in the tenant's scope and return them by name."""
    world = SimpleNamespace(tenant=tenant, engagement=factories.engagement(tenant, owner))
    with tenant_scope(tenant):
        _data(world, owner)
        _model(world, owner)
        _serving(world, owner)
        _erasure(world, owner)
        _ticket(world, owner)
        _record(world, owner)
        _plan(world, owner)
        _desk(world, owner)
        _webhooks(world, owner)
        world.key, world.secret = accounts.create_key("a client", scopes=["view"], by=owner)
        world.membership = accounts.add_member(
            "dave@acme.example", name="Dave", role="viewer", by=owner
        )
        world.own_membership = Membership.objects.get(user=owner)
    return world


def _data(world, owner):
    by = author(owner)
    world.dataset = Dataset.objects.create(engagement=world.engagement, name="parts", **by)
    key = f"tenants/{world.tenant.pk}/images/00/{HASH}.jpg"
    storages["default"].save(key, ContentFile(b"not looked at"))
    world.image = Image.objects.create(
        sha256=HASH, original_sha256=HASH, width=64, height=64, size_bytes=13, storage_key=key
    )
    world.item = Item.objects.create(
        dataset=world.dataset, image=world.image, path="ok/1.jpg", label="ok"
    )
    other = Image.objects.create(
        sha256=OTHER, original_sha256=OTHER, width=64, height=64, size_bytes=13, storage_key=key
    )
    copy = Item.objects.create(dataset=world.dataset, image=other, path="ok/2.jpg", label="ok")
    LabelChange.objects.create(
        dataset=world.dataset, image=other, before="scratch", label="ok", **by
    )
    NearDuplicate.objects.create(
        dataset=world.dataset, first=world.item, second=copy, similarity=0.995
    )
    world.import_ = Import.objects.create(
        dataset=world.dataset,
        source="parts.zip",
        upload_key="uploads/x",
        size_bytes=1,
        sha256=HASH,
        state=Import.State.SUCCEEDED,
        **by,
    )
    ImportRow.objects.create(
        parent=world.import_, position=0, path="ok/1.jpg", outcome="accepted", label="ok"
    )
    counts = {split: {"ok": int(split == "train"), "scratch": 0} for split in Split.values}
    world.version = DatasetVersion.objects.create(
        dataset=world.dataset,
        number=1,
        classes=CLASSES,
        split_policy="stratified",
        seed=1,
        counts=counts,
        manifest_sha256=HASH,
        test_sha256=HASH,
        **by,
    )
    VersionItem.objects.create(
        version=world.version, image=world.image, path="ok/1.jpg", label="ok", split="train"
    )


def _model(world, owner):
    world.run = Run.objects.create(
        engagement=world.engagement,
        dataset_version=world.version,
        number=1,
        task_type="image_classification",
        method="linear_probe",
        backbone="resnet18",
        params={},
        state=Run.State.SUCCEEDED,
        **author(owner),
    )
    RunEpoch.objects.create(run=world.run, epoch=1, valid_accuracy=0.9)
    LabelSuspect.objects.create(
        run=world.run, image=world.image, label="ok", suggested="scratch", margin=-0.8
    )
    world.model = ModelVersion.objects.create(
        engagement=world.engagement,
        run=world.run,
        number=1,
        classes=CLASSES,
        backbone="resnet18",
        method="linear_probe",
        storage_prefix=f"tenants/{world.tenant.pk}/models/x",
        meta={},
        size_bytes=1,
    )
    ModelApproval.objects.create(
        model_version=world.model, decision="approved", reason="It is good.", **author(owner)
    )
    world.evaluation = Evaluation.objects.create(
        model_version=world.model,
        dataset_version=world.version,
        split="test",
        n=40,
        accuracy=0.9,
        accuracy_low=0.77,
        accuracy_high=0.96,
        macro_precision=0.9,
        macro_precision_low=0.8,
        macro_precision_high=0.95,
        macro_recall=0.9,
        macro_recall_low=0.8,
        macro_recall_high=0.95,
        macro_f1=0.9,
        macro_f1_low=0.78,
        macro_f1_high=0.96,
        ece=0.05,
        per_class=[
            {"label": name, "n": 20}
            | {f"{figure}{end}": value for figure in FIGURES for end, value in ENDS.items()}
            for name in CLASSES
        ],
        confusion=[[18, 2], [2, 18]],
    )
    EvaluatedItem.objects.create(
        evaluation=world.evaluation,
        image=world.image,
        path="ok/1.jpg",
        label="ok",
        answer="ok",
        score=0.8,
        scores=[0.8, 0.2],
    )


def _serving(world, owner):
    world.endpoint = Endpoint.objects.create(
        engagement=world.engagement, slug="line-1", **author(owner)
    )
    world.deployment = Deployment.objects.create(
        endpoint=world.endpoint,
        model_version=world.model,
        number=1,
        state=Deployment.State.LIVE,
        **author(owner),
    )
    StoredReply.objects.create(
        endpoint=world.endpoint, key_sha256=HASH, question_sha256=HASH, answering_until=now()
    )
    world.prediction = Prediction.objects.create(
        endpoint=world.endpoint,
        model_version=world.model,
        label="ok",
        score=0.8,
        scores=[0.8, 0.2],
        latency_ms=12.0,
        input_sha256=HASH,
    )
    world.feedback = Feedback.objects.create(
        prediction=world.prediction, verdict="confirm", **author(owner)
    )


def _erasure(world, owner):
    world.erasure = Erasure.objects.create(
        engagement=world.engagement,
        kind="reference",
        subject="part-1",
        reason="Asked for.",
        **author(owner),
    )
    ErasedPiece.objects.create(
        erasure=world.erasure, kind="input", sha256=HASH, storage_key="inputs/x"
    )


def _ticket(world, owner):
    world.ticket = tickets.open_ticket(
        world.engagement, subject="A wrong answer", text="See the part.", severity="low", by=owner
    )


def _record(world, owner):
    manager, engagement = User.objects.account_managers().first(), world.engagement
    world.contract = contracts.freeze_contract(
        engagement,
        accuracy_target="0.85",
        holdout_sha256=world.version.test_sha256,
        deciders=[owner, manager],
        by=owner,
    )
    world.verdict = contracts.judge(engagement, candidate_id=world.model.pk, by=owner)
    for person in (manager, owner):
        kind, sha256 = Signoff.Kind.CONTRACT, world.contract.sha256
        world.signoff = signoffs.sign(engagement, kind, sha256=sha256, by=person)
    world.waiver = waivers.request_waiver(
        engagement, "engagements.verdict", reason="A pilot.", by=manager
    )
    waivers.grant_waiver(world.waiver, by=owner)
    services.advance(engagement, to="fine_tuning", by=owner)
    world.waiver = waivers.request_waiver(
        engagement, "engagements.verdict", reason="Still a pilot.", by=manager
    )


def _plan(world, owner):
    placed = {"engagement": world.engagement, "iteration": 1, "phase": "poc", **author(owner)}
    vendor = {"side": "vendor", "is_required": False, **placed}
    world.action_item = ActionItem.objects.create(title="Book the kick-off", **vendor)
    later = ActionItem.objects.create(title="Hold the kick-off", **vendor)
    ActionDependency.objects.create(item=later, needs=world.action_item)
    world.milestone = Milestone.objects.create(title="Kick-off", reached_at=now(), **placed)
    Rating.objects.create(milestone=world.milestone, score=4, **author(owner))
    world.document = Document.objects.create(
        title="Minutes",
        file_name="minutes.txt",
        content_type="text/plain",
        size_bytes=4,
        sha256=HASH,
        storage_key=f"tenants/{world.tenant.pk}/documents/{HASH}",
        **placed,
    )
    storages["default"].save(world.document.storage_key, ContentFile(b"done"))
    world.template = EngagementTemplate.objects.create(
        key=f"short-{world.tenant.slug}",
        name="Short",
        phases=["poc", "fine_tuning"],
        created_by=owner,
    )
    world.decision = Decision.objects.create(title="Two classes", reason="Enough.", **placed)
    Iteration.objects.get_or_create(engagement=world.engagement, number=1)
    world.change_request = ChangeRequest.objects.create(
        engagement=world.engagement,
        based_on=world.engagement.requirement,
        proposed=signoffs.requirement_data(world.engagement.requirement),
        side="customer",
        reason="One class more.",
        **author(owner),
    )


def _desk(world, owner):
    manager = User.objects.account_managers().first()
    world.staff_time = StaffTime.objects.create(
        engagement=world.engagement, iteration=1, person=manager, hours=1, **author(manager)
    )
    Standing.objects.get_or_create(engagement=world.engagement)
    move = {"kind": "gate.move", "params": {"phase": "fine_tuning"}}
    Ask.objects.create(engagement=world.engagement, url="/", side="vendor", **move)
    ModelSelection.objects.create(
        engagement=world.engagement,
        iteration=1,
        backbone="resnet18",
        method="linear_probe",
        reason="Quick.",
        **author(owner),
    )
    world.email_link = EmailLink.objects.create(
        user=owner, purpose="signoff", path="/", token_sha256=HASH, expires_at=now()
    )


def _webhooks(world, owner):
    world.webhook = Webhook.objects.create(
        url="https://hooks.example/lepton", events=["phase.moved"], secret="x", **author(owner)
    )
    world.event = Event.objects.create(kind="phase.moved", engagement=world.engagement)
    world.delivery = Delivery.objects.create(webhook=world.webhook, event=world.event)
    DeliveryAttempt.objects.create(delivery=world.delivery, number=1)
