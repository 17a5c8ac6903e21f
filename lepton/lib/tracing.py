"""Traces across processes (W3C Trace Context): spans go to a collector that speaks OTLP.

Without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing is recorded and a span costs next to nothing; the
trace a client names is passed on all the same.
"""

import os
import time
from contextlib import contextmanager, nullcontext
from inspect import iscoroutinefunction

from django.utils.decorators import sync_and_async_middleware
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"
_w3c = TraceContextTextMapPropagator()
_tracer = None  # nobody listens


def start(process: str) -> None:
    """Send this process's spans to the collector the environment names, if it names one."""
    global _tracer
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"lepton-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # says goodbye to what is unsent when the process ends
    _tracer = trace.get_tracer("lepton")


def current() -> str:
    """The `traceparent` of what is being done now; empty outside a trace."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier.get(HEADER, "")


def after(traceparent: str) -> Context:
    """The context that follows a `traceparent`; one that makes no sense starts a new trace."""
    return _w3c.extract({HEADER: traceparent}, context=Context())


def span(name: str, *, following: str | None = None, **facts):
    """Do the block as a span, below the current one or `following` a `traceparent`."""
    if _tracer is None and not following:
        return nullcontext(trace.INVALID_SPAN)
    return _span(name, following, facts)


@contextmanager
def _span(name, following, facts):
    context = None if following is None else after(following)
    attributes = {key.replace("__", "."): value for key, value in facts.items()}
    tracer = _tracer or trace.NoOpTracer()
    with tracer.start_as_current_span(name, context=context, attributes=attributes) as this:
        yield this


def past(name: str, *, since: float, until: float) -> None:
    """Note what is over as a span below the current one, by time.perf_counter()."""
    if _tracer is None or not trace.get_current_span().is_recording():
        return
    zero = time.time_ns() - time.perf_counter_ns()
    this = _tracer.start_span(name, start_time=zero + int(since * 1e9))
    this.end(end_time=zero + int(until * 1e9))


@sync_and_async_middleware
def traced(get_response):
    """The middleware: a request to a page or the API is a span, named by its route."""
    if not iscoroutinefunction(get_response):

        def answer(request):
            with _request(request) as this:
                return _named(this, request, get_response(request))

        return answer

    async def answer_async(request):
        with _request(request) as this:
            return _named(this, request, await get_response(request))

    return answer_async


def _request(request):
    following = request.headers.get(HEADER, "")
    facts = {"http__request__method": request.method, "url__path": request.path}
    return span(request.method, following=following, **facts)


def _named(this, request, response):
    if request.resolver_match:
        this.update_name(f"{request.method} /{request.resolver_match.route}")
    this.set_attribute("http.response.status_code", response.status_code)
    return response
