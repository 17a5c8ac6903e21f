"""The data plane's figures for Prometheus; no label names a tenant, so their number is bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
ANSWERS = Counter(
    "lepton_inference_answers", "Answers by HTTP status.", ["status"], registry=REGISTRY
)
SECONDS = Histogram(
    "lepton_inference_seconds",
    "From a prediction request's head to its answer.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
WAITING = Gauge("lepton_inference_waiting", "Requests waiting for a worker.", registry=REGISTRY)
ENDPOINTS = Gauge("lepton_inference_endpoints", "Endpoints known.", registry=REGISTRY)
MODELS = Gauge("lepton_inference_models", "Graphs loaded.", registry=REGISTRY)
BESIDE = Gauge("lepton_inference_beside", "Challengers loaded.", registry=REGISTRY)
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
for limit in ("key_rate", "tenant_in_flight"):
    LIMITED.labels(limit)  # shown as 0 from the start
