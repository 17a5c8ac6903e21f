"""Whatever is sent to an operation of the API, its answer is one that the document declares.

Requests are made from the OpenAPI document itself, right ones and such that are wrong in one or
more places, by a seeded generator: a failure names the seed that makes the same request again.
"""

import json
import random
import re
import string
import uuid
from collections import Counter

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver, reverse
from drf_spectacular.generators import SchemaGenerator

from tests import world as worlds
from tests.test_permissions import _value

EXAMPLES = 8  # requests to each operation
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 4
JUNK = (
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    1e308,
    "",
    " ",
    "x",
    "x" * 3000,
    "\0",
    "\ud800",
    "é漢🙂",
    "2026-13-45",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "../../etc/passwd",
    "' OR 1=1 --",
    [],
    {},
    [[]],
    {"": None},
)
FORMATS = {
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "date-time": lambda rng: f"2026-{rng.randint(1, 12):02}-11T09:30:00Z",
    "date": lambda rng: f"2026-{rng.randint(1, 12):02}-11",
    "email": lambda rng: f"{_letters(rng)}@acme.example",
    "uri": lambda rng: f"https://{_letters(rng)}.example/",
    "decimal": lambda rng: str(rng.randint(0, 99)),
    "binary": lambda rng: _letters(rng),
}


class Maker:
    """Makes values of the document's schemas; some are wrong."""

    def __init__(self, document, seed):
        self.document, self.rng = document, random.Random(seed)

    def value(self, schema, depth=0):
        if self.rng.random() < 0.12:
            return self.rng.choice(JUNK)
        schema = self._chosen(schema)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = self.rng.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}")(schema, depth)

    def text(self, schema) -> str:
        """A value for an address."""
        value = self.value(schema)
        text = value if isinstance(value, str) else json.dumps(value)
        return text.encode("utf-8", "replace").decode()

    def _chosen(self, schema):
        while True:
            if "$ref" in schema:
                schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
            elif one_of := schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf"):
                schema = self.rng.choice(one_of)
            else:
                return schema

    def _object(self, schema, depth):
        required, known = set(schema.get("required", ())), schema.get("properties", {})
        if not known and isinstance(schema.get("additionalProperties"), dict):
            known = {_letters(self.rng): schema["additionalProperties"]}
        made = {
            name: self.value(its, depth + 1)
            for name, its in known.items()
            if depth < DEEPEST and (self.rng.random() < (0.95 if name in required else 0.5))
        }
        if self.rng.random() < 0.05:
            made[_letters(self.rng)] = self.rng.choice(JUNK)
        return made

    def _array(self, schema, depth):
        items = schema.get("items", {})
        count = 0 if depth >= DEEPEST else self.rng.randint(0, 3)
        return [self.value(items, depth + 1) for _place in range(count)]

    def _string(self, schema, _depth):
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]](self.rng)
        return _letters(self.rng)

    def _integer(self, schema, _depth):
        return self.rng.randint(schema.get("minimum", 0), schema.get("maximum", 100))

    def _number(self, schema, _depth):
        return self.rng.uniform(schema.get("minimum", 0), schema.get("maximum", 1))

    def _boolean(self, _schema, _depth):
        return self.rng.random() < 0.5

    def _null(self, _schema, _depth):
        return None


def _letters(rng) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 12)))


@pytest.fixture
def document(db):
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.slow
def test_no_request_gets_an_answer_that_the_document_does_not_declare(
    document, acme, alice, mei, browse
):
    world = worlds.build(acme, alice)
    clients = [browse(alice), browse(mei)]
    for client in clients:
        client.raise_request_exception = False
    names, wrong, statuses = _names(get_resolver()), [], Counter()
    for path, method, operation in _operations(document):
        name, variables = names[re.sub(r"\{\w+\}", "{}", path)]
        for number in range(EXAMPLES):
            seed = f"{method} {path} {number}"
            maker = Maker(document, seed)
            address = reverse(name, kwargs=_variables(maker.rng, name, variables, world))
            status = _answer(clients[number % 2], method, address, operation, maker)
            statuses[method, status] += 1
            if status >= 500 or str(status) not in operation["responses"]:
                wrong.append((seed, status))
    print(sorted(statuses.items()))
    assert statuses["get", 200] > 50 and statuses["post", 400] > 50  # both kinds were made
    assert statuses["post", 200] + statuses["post", 201] > 5
    assert not wrong, "\n".join(f"{status} to {seed}" for seed, status in wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b'{"label": "\\ud800"}', b"[" * 100_000, b'{"a\\udfff": 1}'])
def test_json_that_is_no_text_or_nested_without_end_is_refused_in_words(body, acme, alice, browse):
    sent = {"content_type": "application/json"}
    refused = browse(alice).post("/api/v1/tenants/acme/webhooks", body, **sent)
    assert refused.status_code == 400 and "JSON" in refused.json()["error"]


def _variables(rng, name, variables, world) -> dict:
    """What is really there, or now and then what is not."""
    values = {variable: _value(variable, name, world) for variable in variables}
    for variable, value in values.items():
        if rng.random() < 0.1:
            values[variable] = uuid.uuid4() if isinstance(value, uuid.UUID) else value
    return values


def _answer(client, method, address, operation, maker) -> int:
    """Ask, undo, and say what came."""
    query = {
        one["name"]: maker.text(one["schema"])
        for one in operation.get("parameters", ())
        if one["in"] == "query" and maker.rng.random() < 0.6
    }
    sent = {} if method == "get" else _body(operation, maker)
    with transaction.atomic():
        answer = client.generic(method.upper(), address, query_params=query, **sent)
        answer.getvalue()
        transaction.set_rollback(True)
    return answer.status_code


def _body(operation, maker) -> dict:
    contents = operation.get("requestBody", {}).get("content", {})
    if not contents:
        return {}
    kind = maker.rng.choice(sorted(contents))
    if kind != "application/json":
        return {"data": maker.rng.randbytes(40), "content_type": kind}
    if maker.rng.random() < 0.05:
        return {"data": maker.rng.choice([b"{", b"\xff", b"", b"[1,"]), "content_type": kind}
    document = json.dumps(maker.value(contents[kind]["schema"]))
    return {"data": document.encode(), "content_type": kind}


def _operations(document):
    for path, methods in sorted(document["paths"].items()):
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _names(resolver, prefix="/", namespace="", outer=()) -> dict[str, tuple[str, tuple]]:
    """(name, variables) of every address, by the address without their names."""
    found = {}
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        variables = (*outer, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found |= _names(pattern, route, inner, variables)
        elif pattern.name:
            found[re.sub(r"<[^>]+>", "{}", route)] = (namespace + pattern.name, variables)
    return found
