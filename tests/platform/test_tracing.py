"""A trace goes through: from the client's traceparent over the page or API to the worker."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from accounts.scoping import tenant_scope
from lepton.lib import tracing
from tests import world as worlds
from training.models import Run

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
THEIRS = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


@pytest.fixture
def spans(monkeypatch):
    """What was recorded, the oldest first."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("lepton"))
    return exporter.get_finished_spans


@pytest.mark.django_db
def test_a_request_follows_the_clients_trace_and_is_named_by_its_route(alice, browse, spans):
    browse(alice).get("/t/acme/members/", headers=THEIRS)
    (span,) = spans()
    assert span.name == "GET /t/<slug:tenant>/members/"
    assert f"{span.context.trace_id:032x}" == TRACE and f"{span.parent.span_id:016x}" == PARENT
    assert span.attributes["http.response.status_code"] == 200


@pytest.mark.django_db
def test_a_header_that_makes_no_sense_starts_a_new_trace(client, spans):
    client.get("/livez", headers={"traceparent": "00-zzz"})
    (span,) = spans()
    assert span.parent is None


@pytest.mark.django_db
def test_it_is_the_same_under_asgi(spans):
    async_to_sync(AsyncClient().get)("/livez", headers=THEIRS)
    (span,) = spans()
    assert f"{span.context.trace_id:032x}" == TRACE


@pytest.mark.django_db
def test_a_run_remembers_which_request_started_it(acme, alice, browse, monkeypatch):
    world = worlds.build(acme, alice)
    monkeypatch.setattr("training.runs.services._check_data", lambda *_: None)
    body = {"dataset_version": str(world.version.pk), "method": "fine_tune"}
    body |= {"backbone": "lepton_small", "params": {}}
    address = f"/api/v1/tenants/acme/engagements/{world.engagement.pk}/runs"
    answer = browse(alice).post(address, body, content_type="application/json", headers=THEIRS)
    assert answer.status_code == 201, answer.text
    with tenant_scope(acme):
        kept = Run.objects.get(pk=answer.json()["id"]).traceparent
    assert kept.startswith(f"00-{TRACE}-")  # passed on, though nothing is recorded here


def test_what_follows_is_below_what_was_before(spans):
    with tracing.span("request"):
        kept = tracing.current()
    with tracing.span("run", following=kept, run__number=3), tracing.span("train"):
        pass
    request, train, run = spans()
    assert run.parent.span_id == request.context.span_id
    assert train.parent.span_id == run.context.span_id
    assert run.attributes["run.number"] == 3


def test_spans_reach_a_collector_that_speaks_otlp():
    got = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    code = (
        "from lepton.lib import tracing\ntracing.start('web')\nwith tracing.span('work'):\n    pass"
    )
    address = f"http://127.0.0.1:{server.server_port}"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "PATH": "/usr/bin:/bin"}
    environment["OTEL_EXPORTER_OTLP_COMPRESSION"] = "none"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    server.shutdown()
    thread.join()
    server.server_close()
    ((path, request),) = got
    (resource,) = request.resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert path == "/v1/traces" and names["service.name"] == "lepton-web"
    assert [span.name for span in resource.scope_spans[0].spans] == ["work"]
