"""Whatever JSON arrives, each dialect understands it or refuses it in words; nothing else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.protocols import Question, Request, huggingface, native, oip
from serving.refusals import Refused

WORDS = ["image", "images", "inputs", "outputs", "label", "scores", "name", "shape", "datatype"]
WORDS += ["data", "id", "top_k", "parameters", "reference", "binary_data_size", "classification"]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=4) | st.just("aGk=")
NUMBERS = st.integers(-2, 4) | st.integers() | st.floats() | st.just(10**400)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
TENSOR = st.fixed_dictionaries(
    {"name": st.sampled_from(["image", "raw_image"])},
    optional={
        "shape": st.lists(NUMBERS, max_size=4) | ANYTHING,
        "datatype": st.sampled_from(["BYTES", "UINT8"]) | ANYTHING,
        "data": st.lists(TEXTS | NUMBERS, max_size=4) | ANYTHING,
        "parameters": st.dictionaries(TEXTS, ANYTHING, max_size=2) | ANYTHING,
    },
)
OUTPUT = st.fixed_dictionaries(
    {"name": st.sampled_from(oip.OUTPUTS)},
    optional={"parameters": st.dictionaries(TEXTS, ANYTHING, max_size=2)},
)
INFER = st.fixed_dictionaries(
    {"inputs": st.lists(TENSOR, min_size=1, max_size=2)},
    optional={"outputs": st.lists(OUTPUT, max_size=4) | ANYTHING, "id": ANYTHING},
)
OWN = st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=4)


def read(dialect, body, **headers):
    sent = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    refused = None
    try:
        assert isinstance(dialect.question(Request(sent, b"", body)), Question)
    except Refused as refusal:
        refused = refusal
    assert refused is None or (refused.status in (413, 415, 422) and refused.document())


@settings(deadline=None)
@given(INFER | OWN | ANYTHING)
def test_any_json_is_understood_or_refused(document):
    body = json.dumps(document).encode()
    for dialect in (native, oip, huggingface):
        read(dialect, body, content_type=b"application/json")


@settings(deadline=None)
@given(INFER, st.binary(max_size=20), st.integers(-3, 3))
def test_any_bytes_behind_json_are_understood_or_refused(document, data, shift):
    document["inputs"][0]["parameters"] = {"binary_data_size": len(data)}
    head = json.dumps(document).encode()
    length = str(len(head) + shift).encode()
    read(oip, head + data, inference_header_content_length=length)


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"gzip", b"deflate", b"br", b"identity", b"\xff"]))
def test_any_bytes_are_understood_or_refused(body, encoding):
    for dialect in (native, oip, huggingface):
        read(dialect, body)
        read(dialect, body, content_encoding=encoding)
        read(dialect, body, inference_header_content_length=b"0")
