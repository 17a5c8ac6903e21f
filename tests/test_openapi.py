"""The OpenAPI document: valid, complete, and the same for everybody."""

import io
import re

import pytest
import yaml
from django.core.management import call_command
from django.urls import get_resolver

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The document, made the strict way: a warning is an error."""
    path = tmp_path_factory.mktemp("schema") / "lepton.yaml"
    call_command(
        "spectacular", file=str(path), validate=True, fail_on_warn=True, stdout=io.StringIO()
    )
    return yaml.safe_load(path.read_text())


def test_the_document_is_valid_without_a_warning(document):
    assert document["openapi"].startswith("3.1")


def test_every_address_of_the_api_is_in_it(document):
    described = {re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]}
    routed = {re.sub(r"<[^>]+>", "{}", f"/{route}") for route in _routes(get_resolver())}
    api = {route for route in routed if route.startswith("/api/v1/")}
    assert api and api == described


def test_every_operation_is_named_tagged_and_says_how_it_refuses(document):
    for path, method, operation in _operations(document):
        where = f"{method} {path}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), where
        assert len(operation["tags"]) == 1 and operation["tags"][0] != "v1", where
        refusals = {code: r for code, r in operation["responses"].items() if code[0] == "4"}
        assert "401" in refusals, where
        if "{tenant}" in path:
            assert {"403", "404"} <= set(refusals), where
        for code, refusal in refusals.items():
            assert list(refusal["content"]) == ["application/problem+json"], f"{where} {code}"


def test_operation_ids_are_unique(document):
    ids = [operation["operationId"] for _path, _method, operation in _operations(document)]
    assert len(ids) == len(set(ids))


@pytest.mark.django_db
def test_document_and_documentation_are_public_and_our_own(client):
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")
    assert page.status_code == 200
    policy = dict(part.split(" ", 1) for part in page["Content-Security-Policy"].split("; "))
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy.get("script-src", policy["default-src"]) == "'self'"
    assert "unsafe" not in client.get("/accounts/login/")["Content-Security-Policy"]
    assert "<style" not in page.text and not re.search(r"<script(?![^>]*src=)", page.text)
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources and all(source.startswith("/") for source in sources)
    script = next(source for source in sources if "script" in source.partition("?")[2])
    assert client.get(script)["Content-Type"].startswith("application/javascript")


def _operations(document):
    for path, methods in document["paths"].items():
        for method in METHODS & set(methods):
            yield path, method, methods[method]


def _routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern, route)
        else:
            yield route
