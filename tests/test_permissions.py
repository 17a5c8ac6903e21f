"""Every route and API operation × nobody, Carol (another tenant), Bob (viewer), Alice (owner), Mei.

The answers stand in permissions.txt, one line per route and method; a route missing there fails.
Bodies are empty, so 400 and 422 mean: let in, and then asked for what was missing.
"""

import copy
import uuid
from pathlib import Path

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver, reverse

from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from tests import world as worlds

TABLE = Path(__file__).with_name("permissions.txt")
PEOPLE = ("nobody", "carol", "bob", "alice", "mei")
METHODS = ("get", "post", "put", "patch", "delete")
BELOW_A_TENANT = "tenant"
# What touches nothing but one's own affairs: every member may learn, rate and be asked.
OWN = {
    "enablement:quiz",
    "enablement:practice_key",
    "enablement:answer_survey",
    "enablement:rate_session",
    "enablement_api:quiz",
    "enablement_api:practice_key",
    "enablement_api:survey_answers",
    "enablement_api:rating",
}


def routes():
    """(name, methods, names of the address's variables) of every route of the site."""
    return list(_walk(get_resolver().url_patterns, "", ()))


def _walk(patterns, namespace, outer):
    for pattern in patterns:
        variables = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, namespace + inner, variables)
        else:
            yield namespace + pattern.name, _methods(pattern.callback), variables


def _methods(view):
    """An API operation says its methods; a page answers GET, or POST where it changes something."""
    cls = getattr(view, "cls", None)
    if cls is None:
        return ["get", "post"]
    named = [name for name in cls.http_method_names if name in METHODS]
    return named if len(named) < len(METHODS) else ["get"]  # a class view that names none


def expected() -> dict[tuple[str, str], list[int]]:
    lines = [line.split() for line in TABLE.read_text().splitlines()]
    rows = [line for line in lines if line and not line[0].startswith("#")]
    return {(name, method.lower()): [int(x) for x in answers] for name, method, *answers in rows}


EXPECTED = expected()


def test_every_route_is_in_the_table():
    have = {(name, method) for name, methods, _variables in routes() for method in methods}
    assert have - EXPECTED.keys() == set(), "routes without an expected answer"
    assert EXPECTED.keys() - have == set(), "lines of routes that are gone"


def test_a_stranger_is_told_nothing_of_a_tenant():
    """Whatever the table says, these hold for each route below a tenant."""
    for name, methods, variables in routes():
        for method in methods if BELOW_A_TENANT in variables else ():
            nobody, carol, bob, _alice, _mei = EXPECTED[name, method]
            assert nobody in (302, 401, 403, 405), name  # 403: a form without its token
            assert carol in (404, 405), name
            is_kept_out = bob in (403, 404, 405)  # 404: the vendor's own
            assert method == "get" or is_kept_out or name in OWN, name


@pytest.mark.django_db
def test_every_route_answers_everybody_as_the_table_says(acme, alice, bob, carol, mei, browse):
    world = worlds.build(acme, alice)
    clients = [browse(person) for person in (None, carol, bob, alice, mei)]
    wrong = []
    for name, methods, variables in routes():
        url = reverse(name, kwargs={v: _value(v, name, world) for v in variables})
        for method in methods:
            answers = [_answer(client, method, url) for client in clients]
            if answers != EXPECTED.get((name, method)):
                wrong.append((name, method, answers))
    assert not wrong


def _answer(client, method, url) -> int:
    """Ask and undo, signing out included."""
    kind = {"content_type": "application/json"} if url.startswith("/api/v1/") else {}
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        answer = getattr(client, method)(url, **({} if method == "get" else kind))
        answer.getvalue()  # a streamed one too, so that nothing stays open
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer.status_code


def _value(name, route, world):
    """What a variable of an address stands for."""
    if name == "pk":
        kind = route.split(":")[1].split("_")[0]
        return {
            "import": world.import_,
            "dataset": world.version,
            "version": world.version,
            "run": world.run,
            "cancel": world.run,
            "model": world.model,
            "threshold": world.model,
            "closer": world.model,
            "distil": world.model,
            "explain": world.model,
            "decide": world.model,
            "card": world.model,
            "prediction": world.prediction,
            "bulk": world.bulk,
        }[kind].pk
    if name == "endpoint":
        return world.endpoint.slug
    if name == "lesson" and route.endswith("_lesson"):
        return world.draft_lesson.pk
    fixed = {
        "tenant": "acme",
        "name": "model.onnx" if route == "training:model_file" else "figures",
        "signature": "forged",
        "token": "forged",
        "key": "forged" if route.startswith("account") and ":" not in route else world.key.pk,
        "uidb36": "1",
        "member": world.membership.pk,
        "version": world.model.pk,
        "item": world.action_item.pk,
        "kind": "csv",
        "number": 1,
        "template_key": world.template.key,
        "course_key": world.course.key,
        "code": world.certificate.code,
        "other": world.model.pk,
        "form": "pdf",
    }
    return fixed[name] if name in fixed else getattr(world, name).pk


@pytest.mark.django_db
def test_a_row_of_another_tenant_is_not_found_under_ones_own(acme, alice, carol, browse):
    """Carol asks in her own tenant for Acme's rows by their true ids: they might as well not be."""
    world = worlds.build(acme, alice)
    client = browse(carol)
    for name, methods, variables in routes():
        if BELOW_A_TENANT not in variables or len(variables) == 1:
            continue
        values = {name_: _value(name_, name, world) for name_ in variables} | {"tenant": "globex"}
        never = {k: uuid.uuid4() if isinstance(v, uuid.UUID) else v for k, v in values.items()}
        for method in methods:
            answer = _answer(client, method, reverse(name, kwargs=values))
            assert answer >= 400, f"{method} {name} answered {answer}"
            assert answer == _answer(client, method, reverse(name, kwargs=never)), name
    with tenant_scope(tenant_for(alice, "acme")):
        world.run.refresh_from_db()  # and it is all still there
        world.key.refresh_from_db()
        assert world.key.revoked_at is None
