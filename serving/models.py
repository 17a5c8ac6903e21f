"""Endpoints, their deployments and the log of predictions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Authored, User, slug_validator
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from serving.challenger_models import Challenger, ChallengerFailure, ShadowAnswer
from training.models import ModelVersion

__all__ = [
    "Challenger",
    "ChallengerFailure",
    "Deployment",
    "Endpoint",
    "Prediction",
    "ShadowAnswer",
    "StoredReply",
    "predictions_topic",
]


def predictions_topic(endpoint_id) -> str:
    """What pages that show an endpoint's predictions listen to."""
    return f"predictions:{endpoint_id}"


class EndpointQuerySet(models.QuerySet):
    """Reads on endpoints."""

    def for_lists(self):
        """With what answers at each, in two queries."""
        live = Deployment.objects.newest_first().filter(state=Deployment.State.LIVE)
        newest = live.order_by("endpoint_id", "-number").distinct("endpoint_id")
        champions = models.Prefetch("deployments", newest, to_attr="champions")
        return self.select_related("tenant").prefetch_related(champions)


class Endpoint(Authored, TenantModel):
    """A tenant's address for predictions; its URL never changes, whatever model answers."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="endpoints")
    slug = models.CharField(_("address"), max_length=50, validators=[slug_validator])
    keeps_inputs = models.BooleanField(
        _("keep what clients send"),
        default=True,
        help_text=_("Needed to review answers and to learn from corrections."),
    )

    objects = ScopedManager.from_queryset(EndpointQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "tenant",
                "slug",
                name="one_endpoint_slug_per_tenant",
                violation_error_message=_("This tenant already has an endpoint of this address."),
            )
        ]

    def __str__(self):
        return self.slug

    def get_absolute_url(self):
        return reverse("serving:endpoint", args=[self.tenant.slug, self.engagement_id])

    @property
    def topic(self) -> str:
        """What pages that show its deployments listen to; forms on them outlive mere traffic."""
        return f"endpoint:{self.pk}"

    @property
    def predictions_topic(self) -> str:
        return predictions_topic(self.pk)

    @property
    def predict_path(self) -> str:
        """Where REST clients send their images, on the site and on the data plane alike."""
        return f"/v1/endpoints/{self.tenant.slug}/{self.slug}/predict"

    @property
    def champion(self):
        """The deployment that answers: the newest live one, or None."""
        if "champions" in self.__dict__:  # by for_lists()
            return next(iter(self.champions), None)
        return self.deployments.newest_first().filter(state=Deployment.State.LIVE).first()


class DeploymentQuerySet(models.QuerySet):
    """Reads on deployments."""

    def newest_first(self):
        return self.select_related("model_version").order_by("-number")

    def in_place(self):
        """The newest that did not fail (it answers, or will when it is loaded), or None."""
        return self.newest_first().exclude(state=Deployment.State.FAILED).first()

    def before_the_present(self):
        """The newest live one of another model version than the one in place, or None."""
        present = self.in_place()
        if present is None:
            return None
        others = self.newest_first().exclude(model_version=present.model_version_id)
        return others.filter(state=Deployment.State.LIVE, number__lt=present.number).first()

    def which_version_answered(self, endpoint, at):
        """The model version that answered at a moment, or None if none did yet."""
        until_then = self.select_related("model_version").filter(endpoint=endpoint, live_at__lte=at)
        answering = until_then.order_by("-live_at", "-number").first()
        return answering and answering.model_version


class Deployment(Authored, TenantModel):
    """One entry of the champion's history: which model version was put in place, when, by whom."""

    class State(models.TextChoices):
        """How far the data plane is with it."""

        LOADING = "loading", _("Loading")
        LIVE = "live", _("Live")
        FAILED = "failed", _("Failed")

    class Reason(models.TextChoices):
        """Why it was made."""

        DEPLOY = "deploy", _("Deploy")
        ROLLBACK = "rollback", _("Roll back")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deployments")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="deployments"
    )
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.DEPLOY)
    state = models.CharField(max_length=10, choices=State, default=State.LOADING)
    live_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)

    objects = ScopedManager.from_queryset(DeploymentQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("endpoint", "number", name="deployments_count_up")]


class PredictionQuerySet(models.QuerySet):
    """Reads on predictions."""

    def newest_first(self):
        return self.select_related("model_version").order_by("-at")

    def matching(
        self, *, endpoint=None, label=None, reference=None, since=None, until=None, **_paging
    ):
        """Narrowed to what is given: the endpoint's slug, the answer, the client's reference."""
        wanted = {
            "endpoint__slug": endpoint,
            "label": label,
            "reference": reference,
            "at__gte": since,
            "at__lt": until,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return self.select_related("model_version", "endpoint").filter(**given)


class Prediction(TenantModel):
    """One answer of an endpoint; its id is the `prediction_id` the client got."""

    class Source(models.TextChoices):
        """Who asked."""

        API = "api", _("API")
        BROWSER = "browser", _("Browser")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=10, choices=Source, default=Source.API)
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=200, blank=True)  # the client's own
    label = models.CharField(max_length=80)
    score = models.FloatField()
    scores = ArrayField(models.FloatField())  # in the order of the model version's classes
    latency_ms = models.FloatField()
    input_sha256 = models.CharField(max_length=64)
    input_key = models.CharField(max_length=200, blank=True)  # blank: not kept

    objects = ScopedManager.from_queryset(PredictionQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["endpoint", "-at"], name="predictions_newest"),
            models.Index(fields=["tenant", "reference"], name="predictions_by_reference"),
        ]

    def __str__(self):
        return f"{self.label} ({self.score:.0%})"


class StoredReply(TenantModel):
    """What a client was answered under its Idempotency-Key, so that a retry gets it again."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    key_sha256 = models.CharField(max_length=64)
    question_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    answering_until = models.DateTimeField()  # whoever has not answered by then never will
    headers = models.JSONField(default=list)
    body = models.BinaryField(null=True)  # null: it is still being answered

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("endpoint", "key_sha256", name="one_reply_per_idempotency_key")
        ]
        indexes = [models.Index(fields=["endpoint", "at"], name="stored_replies_oldest")]
