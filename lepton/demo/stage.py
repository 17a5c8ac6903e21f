"""Where an engagement of the demo is played: its people, its clients, and what is told of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from accounts import services as accounts
from accounts.models import ApiKey, User
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements import services as engagements
from engagements.models import Engagement, EngagementTemplate
from lepton.demo import cast
from lepton.demo.client import Client, Person
from lepton.demo.source import Source

SCOPES = ["view", "data", "run", "deploy", "predict", "feedback"]


@dataclass(frozen=True)
class Told:
    """One line of the demo's table."""

    step: str
    seconds: float
    outcome: str


@dataclass
class Stage:
    """One engagement; its people act through the API, signed in or with the customer's key."""

    source: Source
    place: tuple[str, str]  # the tenant: short name and name
    owner_name: str
    password: str
    tell: Callable[[Told], None]
    id: str = ""

    @cached_property
    def mei(self) -> User:
        return cast.person("Mei", cast.VENDOR)

    @cached_property
    def owner(self) -> User:
        return cast.person(self.owner_name, self.place[0])

    @cached_property
    def tenant(self):
        return tenant_for(self.mei, self.place[0])

    @cached_property
    def manager(self) -> Person:
        return self._signed_in(self.mei)

    @cached_property
    def engineer(self) -> Person:
        return self._signed_in(cast.person("Ravi", cast.VENDOR))

    @cached_property
    def customer(self) -> Person:
        return self._signed_in(self.owner)

    def member(self, name: str) -> Person:
        """One of the customer's people, signed in."""
        return self._signed_in(cast.person(name, self.place[0]))

    @cached_property
    def program(self) -> Client:
        """The customer's program; its key is made anew each time, as it is shown only once."""
        name = f"Demo client, {self.source.name}"[:80]
        with tenant_scope(self.tenant):
            for old in ApiKey.objects.filter(name=name, revoked_at=None):
                accounts.revoke_key(old, by=self.owner)
            _row, key = accounts.create_key(name, scopes=SCOPES, by=self.owner)
        urls = settings.LEPTON_PUBLIC_URL, settings.LEPTON_INFERENCE_URL
        return Client(*urls, self.tenant.slug, key)

    @property
    def slug(self) -> str:
        """The endpoint's address."""
        return self.source.name.lower().replace(" ", "-")[:50].strip("-")

    @property
    def path(self) -> str:
        return f"engagements/{self.id}"

    def step(self, name, act, *arguments):
        """Do a step, and tell how long it took and what came of it."""
        began = time.monotonic()
        result, outcome = act(self, *arguments)
        self.tell(Told(name, time.monotonic() - began, outcome))
        return result

    def _signed_in(self, user) -> Person:
        return Person(settings.LEPTON_PUBLIC_URL, self.tenant.slug, user.email, self.password)


def open_engagement(stage, template: str | None = None):
    """Mei opens the engagement and writes down what is asked for."""
    source = stage.source
    with tenant_scope(stage.tenant):
        there = Engagement.objects.filter(name=source.name).first()
        made = there or engagements.open_with_requirement(
            source.name,
            by=stage.mei,
            summary=source.need,
            template=template and EngagementTemplate.objects.get(key=template),
            requirement={
                "need": source.need,
                "classes": source.classes,
                "metric": "accuracy",
                "target": source.target,
                **source.requirement,
            },
        )
    stage.id = str(made.pk)
    verb = "there already" if there else "opened"
    return made, f"“{made.name}” {verb}, asking for an accuracy of {float(source.target):.2f}"
