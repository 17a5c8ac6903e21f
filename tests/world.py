"""One row of every kind in a tenant, for tests that only need something to be there."""

from datetime import timedelta
from types import SimpleNamespace

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.timezone import now

from accounts import services as accounts
from accounts.models import EmailLink, Membership, User, author
from accounts.scoping import tenant_scope
from enablement.models import (
    Assignment,
    Attendance,
    Certificate,
    Course,
    CourseFile,
    CourseVersion,
    Curriculum,
    Enrolment,
    Lesson,
    PracticalSeen,
    PracticeAnswer,
    PracticeCall,
    QuizAttempt,
    Session,
    SurveyAnswer,
)
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
    GoLivePack,
    Iteration,
    Milestone,
    Rating,
    Signoff,
    StaffTime,
    Standing,
    Webhook,
)
from feedback.models import (
    Alert,
    AlertRule,
    DataIteration,
    DriftFinding,
    DriftLook,
    DriftReference,
    ErasedPiece,
    Erasure,
    Feedback,
    IterationPolicy,
    Receipt,
    Review,
    ReviewItem,
    Signs,
    Watch,
)
from feedback.tickets import services as tickets
from serving.models import (
    BulkPrediction,
    BulkRow,
    Challenger,
    ChallengerFailure,
    Deployment,
    DueHour,
    Endpoint,
    HourlyTally,
    LoadTest,
    Prediction,
    RefusedTally,
    RollbackDrill,
    ShadowAnswer,
    StoredReply,
)
from tests import factories
from training.models import (
    Dataset,
    DatasetVersion,
    EvaluatedItem,
    Evaluation,
    Explanation,
    Image,
    ImageVector,
    Import,
    ImportRow,
    Item,
    LabelChange,
    LabelEntry,
    LabelSuspect,
    ModelApproval,
    ModelSelection,
    ModelVersion,
    NearDuplicate,
    Run,
    RunEpoch,
    RunSource,
    Split,
    Trial,
    VersionItem,
)

CLASSES = ["ok", "scratch"]
FIGURES, ENDS = ("precision", "recall", "f1"), {"": 0.9, "_low": 0.7, "_high": 0.97}
HASH, OTHER, THIRD = "0" * 64, "1" * 64, "2" * 64


def build(tenant, owner) -> SimpleNamespace:
    """Make the rows in the tenant's scope and return them by name."""
    world = SimpleNamespace(tenant=tenant, engagement=factories.engagement(tenant, owner))
    with tenant_scope(tenant):
        _data(world, owner)
        _model(world, owner)
        _serving(world, owner)
        _feedback(world, owner)
        _monitoring(world, owner)
        _erasure(world, owner)
        _ticket(world, owner)
        _record(world, owner)
        _plan(world, owner)
        _desk(world, owner)
        _webhooks(world, owner)
        world.key, world.secret = accounts.create_key("a client", scopes=["view"], by=owner)
        _enablement(world, owner)
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
    world.like = world.item
    copy = Item.objects.create(dataset=world.dataset, image=other, path="ok/2.jpg", label="ok")
    third = Image.objects.create(
        sha256=THIRD,
        original_sha256=THIRD,
        width=64,
        height=64,
        size_bytes=13,
        storage_key=key,
    )
    world.waiting = Item.objects.create(dataset=world.dataset, image=third, path="3.jpg")
    LabelEntry.objects.create(item=world.item, kind="label", label="ok", **by)
    ImageVector.objects.create(
        image=world.image, network="resnet18", weights="0" * 16, vector=b"\x01" * 64
    )
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
    world.explanation = Explanation.objects.create(
        model_version=world.model, image=world.image, method="answer", **author(owner)
    )
    Trial.objects.create(
        run=world.run, number=0, params={"l2": 0.1}, state="finished", loss=0.4, accuracy=0.9
    )
    RunSource.objects.create(run=world.run, model_version=world.model, position=0)
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
    world.answer = EvaluatedItem.objects.create(
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
        live_at=now(),
        **author(owner),
    )
    tried = {"endpoint": world.endpoint, "model_version": world.model, **author(owner)}
    world.load_test = LoadTest.objects.create(per_second=1, seconds=1, at_once=1, **tried)
    world.drill = RollbackDrill.objects.create(practised=world.model, **tried)
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
    world.challenger = Challenger.objects.create(
        endpoint=world.endpoint,
        model_version=world.model,
        number=1,
        variant=Challenger.Variant.SHADOW,
        share_percent=100,
        **author(owner),
    )
    ShadowAnswer.objects.create(
        prediction=world.prediction,
        challenger=world.challenger,
        model_version=world.model,
        label="scratch",
        score=0.6,
        scores=[0.4, 0.6],
        agrees=False,
        latency_ms=11.0,
    )
    ChallengerFailure.objects.create(challenger=world.challenger, cause="ArithmeticError: nan")
    world.bulk = BulkPrediction.objects.create(
        endpoint=world.endpoint,
        source="night-shift.zip",
        upload_key="uploads/night-shift.zip",
        size_bytes=1,
        sha256=HASH,
        files_total=1,
        files_done=1,
        **author(owner),
    )
    BulkRow.objects.create(parent=world.bulk, position=0, path="1.jpg", error="Unreadable.")


def _feedback(world, owner):
    by, engagement = author(owner), world.engagement
    world.feedback = Feedback.objects.create(prediction=world.prediction, verdict="confirm", **by)
    IterationPolicy.objects.create(engagement=engagement, **by)
    world.data_iteration = DataIteration.objects.create(
        engagement=engagement,
        number=1,
        trigger="hand",
        base=world.version,
        champion=world.model,
        state=DataIteration.State.NOTHING,
        due_at=None,
        **by,
    )
    Receipt.objects.create(
        engagement=engagement,
        prediction=world.prediction,
        state=Receipt.State.ACCEPTED,
        label="ok",
        opinions=1,
    )
    world.review_item = ReviewItem.objects.create(
        engagement=engagement,
        prediction=world.prediction,
        source="random",
        probability=0.5,
        draw=1,
        position=0.5,
    )
    Review.objects.create(
        item=world.review_item, verdict="confirm", label="ok", feedback=world.feedback, **by
    )


def _monitoring(world, owner):
    place = {"endpoint": world.endpoint, "model_version": world.model}
    empty = {"score_sum": 0, "doubt_sum": 0, "classes": {}, "latency": {}, "scores": {}}
    hour = now().replace(minute=0, second=0, microsecond=0)
    HourlyTally.objects.create(**place, hour=hour - timedelta(days=400), n=0, **empty)
    DueHour.objects.get_or_create(endpoint=world.endpoint, hour=hour)
    RefusedTally.objects.create(
        endpoint=world.endpoint, since=hour - timedelta(days=400), status=429, n=1
    )
    Watch.objects.create(endpoint=world.endpoint)
    Signs.objects.create(prediction=world.prediction, looks={}, features=b"")
    reference = DriftReference.objects.create(
        **place, kind="held_out", n=0, features=b"", looks={}, classes={}, **author(owner)
    )
    done = {"state": DriftLook.State.DONE, "done_at": now(), "answers_until": now()}
    world.look = DriftLook.objects.create(**place, reference=reference, **done, **author(owner))
    figures = {"n_reference": 40, "n_recent": 40, "distance": 0.1, "p_value": 0.5, "looks": 1}
    mixes = {"reference": {"ok": 40}, "recent": {"ok": 40}}
    DriftFinding.objects.create(
        look=world.look, kind="answers", has_drifted=False, detail=mixes, **figures
    )
    world.rule = AlertRule.objects.create(
        endpoint=world.endpoint, metric="failed", test="above", threshold=0.02, **author(owner)
    )
    world.alert = Alert.objects.create(
        rule=world.rule, state=Alert.State.FIRING, fired_at=now(), words="Too many."
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
    file = {"key": f"tenants/{world.tenant.pk}/packs/{HASH}.pdf", "sha256": HASH, "bytes": 4}
    world.pack = GoLivePack.objects.create(
        engagement=engagement,
        version=1,
        iteration=1,
        content=[{"title": "Go-live pack", "lead": "Version 1"}],
        sha256=HASH,
        files={"pdf": file},
        **author(owner),
    )
    storages["default"].save(file["key"], ContentFile(b"done"))


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
        side="customer",
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


def _enablement(world, owner):
    engagement, by = world.engagement, author(owner)
    world.course = Course.objects.create(
        key=f"basics-{world.tenant.slug}", path="operator", title="Basics", is_standard=True
    )
    taught = CourseVersion.objects.create(course=world.course, number=1, published_at=now())
    draft = CourseVersion.objects.create(course=world.course, number=2)
    world.lesson = Lesson.objects.create(version=taught, position=1, title="One", body="Read.")
    world.draft_lesson = Lesson.objects.create(version=draft, position=1, title="One", body="Read.")
    key = f"courses/{world.course.pk}/notes.txt"
    storages["default"].save(key, ContentFile(b"notes"))
    facts = {"kind": "material", "size_bytes": 5, "sha256": HASH, "storage_key": key}
    world.file = CourseFile.objects.create(course=world.course, file_name="notes.txt", **facts)
    Curriculum.objects.create(engagement=engagement, **by)
    Assignment.objects.create(engagement=engagement, course=world.course, **by)
    taken = {"version": taught, "finished_at": now()}
    enrolment = Enrolment.objects.create(engagement=engagement, user=owner, **taken)
    world.learner = enrolment
    right = {"answers": [], "right": 0, "n": 0, "is_passed": True}
    QuizAttempt.objects.create(enrolment=enrolment, lesson=world.lesson, **right)
    PracticalSeen.objects.create(enrolment=enrolment, key="practice.one_image", at=now())
    world.certificate = Certificate.objects.create(
        enrolment=enrolment, name="Alice", course="Basics", course_version=1
    )
    scopes = {"scopes": ["predict"], "is_practice": True}
    key, _secret = accounts.create_key("practice", by=owner, **scopes)
    call = PracticeCall.objects.create(
        engagement=engagement, api_key=key, address="predict", status=200, images=1
    )
    PracticeAnswer.objects.create(call=call, classes=CLASSES, label="ok", score=0.8)
    SurveyAnswer.objects.create(engagement=engagement, score=9, **by)
    world.session = Session.objects.create(
        engagement=engagement,
        title="Hands-on",
        starts_at=now(),
        recording_key=f"tenants/{world.tenant.pk}/recordings/x.mp4",
        **by,
    )
    Attendance.objects.create(session=world.session, user=owner, was_there=True)


def _webhooks(world, owner):
    world.webhook = Webhook.objects.create(
        url="https://hooks.example/lepton", events=["phase.moved"], secret="x", **author(owner)
    )
    world.event = Event.objects.create(kind="phase.moved", engagement=world.engagement)
    world.delivery = Delivery.objects.create(webhook=world.webhook, event=world.event)
    DeliveryAttempt.objects.create(delivery=world.delivery, number=1)
