"""The data plane's figures for Prometheus; no label names a tenant, so their number is bounded."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
ANSWERS = Counter(
    "lepton_inference_answers", "Answers by HTTP status.", ["status"], registry=REGISTRY
)
answered_with = cache(ANSWERS.labels)  # a look-up by status, instead of by what it is worded as
SECONDS = Histogram(
    "lepton_inference_seconds",
    "From a prediction request's head to its answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
WAITING = Gauge("lepton_inference_waiting", "Requests waiting for a worker.", registry=REGISTRY)
WAITING_BULK = Gauge(
    "lepton_inference_waiting_bulk", "Images sent in bulk that wait.", registry=REGISTRY
)
QUEUE_SECONDS = Gauge(
    "lepton_inference_queue_seconds",
    "How long the request that waits longest for a worker has waited.",
    registry=REGISTRY,
)
BUSY = Counter(
    "lepton_inference_busy_seconds",
    "Seconds in which worker threads decoded, ran and worded answers, together.",
    registry=REGISTRY,
)
UTILISATION = Gauge(
    "lepton_inference_utilisation",
    "The share of the worker threads' time that was busy, over the last 15 seconds.",
    registry=REGISTRY,
)
ENDPOINTS = Gauge("lepton_inference_endpoints", "Endpoints known.", registry=REGISTRY)
MODELS = Gauge("lepton_inference_models", "Graphs loaded.", registry=REGISTRY)
BESIDE = Gauge("lepton_inference_beside", "Challengers loaded.", registry=REGISTRY)
MODELS_BYTES = Gauge(
    "lepton_inference_models_bytes",
    "Graphs in memory that may be taken away for others, by the size of their files.",
    registry=REGISTRY,
)
LOAD_SECONDS = Histogram(
    "lepton_inference_load_seconds",
    "Opening a graph, from its file in storage to its first answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
TAKEN_AWAY = Counter(
    "lepton_inference_models_taken_away",
    "Graphs that left memory to make room for others.",
    registry=REGISTRY,
)
COLD_STARTS = Counter(
    "lepton_inference_cold_starts",
    "Requests for a model not in memory: held until it was, or refused with 503.",
    ["outcome"],
    registry=REGISTRY,
)
UNLOGGED = Gauge(
    "lepton_inference_unlogged", "Predictions answered and not yet written.", registry=REGISTRY
)
LOST = Counter(
    "lepton_inference_lost",
    "Answered predictions whose row the database refused for good.",
    registry=REGISTRY,
)
NOT_KEPT = Counter(
    "lepton_inference_inputs_not_kept",
    "Inputs that should have been kept and could not be.",
    registry=REGISTRY,
)
REPLAYED = Counter(
    "lepton_inference_replayed",
    "Replies given again under their Idempotency-Key.",
    registry=REGISTRY,
)
LIMITED = Counter(
    "lepton_inference_limited",
    "Requests refused with 429, by the limit that was reached.",
    ["limit"],
    registry=REGISTRY,
)
TAKEN_OUT = Counter(
    "lepton_inference_taken_out",
    "Times a model that kept failing was left alone for a while.",
    registry=REGISTRY,
)
COMPARED = Counter(
    "lepton_inference_compared",
    "Second answers beside a challenger, by what became of them.",
    ["outcome"],
    registry=REGISTRY,
)
for outcome in ("compared", "dropped", "failed"):
    COMPARED.labels(outcome)
for outcome in ("held", "refused"):
    COLD_STARTS.labels(outcome)
for limit in ("key_rate", "tenant_in_flight"):
    LIMITED.labels(limit)  # shown as 0 from the start
