"""Serves the model of this bundle: `python -m serving.bundled.serve --port 8080`.

Needs requirements.txt alone. Answers as the endpoint in Lepton does, in two dialects:
POST /predict (image bytes, JSON or a form) and the Open Inference Protocol below /v2/. An address
may begin with /v1/endpoints/<tenant>/<endpoint>, as clients of Lepton have it.
"""

import argparse
import re
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from serving.bundled import open_inference
from serving.bundled.answering import (
    MOST_IMAGES,
    Model,
    Refused,
    as_json,
    bytes_of,
    object_of,
    whole_of,
)

FOLDER = Path(__file__).resolve().parents[2]
MOST_BYTES = 25_000_000
PREFIX = re.compile(r"^/v1/endpoints/[^/]+/[^/]+")
FIELDS = {"image", "images", "reference", "top_k", "explain"}


def native(model: Model, headers, query: str, body: bytes) -> tuple[bytes, dict]:
    """Image bytes, JSON or a form in; labels with scores out, a list for several images."""
    values = dict(parse_qsl(query, keep_blank_values=True)) | _native_body(headers, body)
    if unknown := sorted(set(values) - FIELDS):
        raise Refused(422, f"{', '.join(unknown)}: Unknown field.")
    several = values.get("images")
    images = several if several is not None else [values.get("image", b"")]
    if not isinstance(images, list) or not 1 <= len(images) <= MOST_IMAGES:
        raise Refused(422, f"images: Send from 1 to {MOST_IMAGES} images at once.")
    top_k = whole_of(values.get("top_k"), "top_k")
    explain = str(values.get("explain", "")).lower() in ("true", "1")
    answers = [model.answer(bytes_of(one, "image"), "image", explain=explain) for one in images]
    documents = [_document(model, one, top_k, values.get("reference"), explain) for one in answers]
    return as_json(documents if several is not None else documents[0])


def _native_body(headers, body: bytes) -> dict:
    kind = headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        return _form(kind, body)
    if kind.split(";")[0].strip() == "application/json":
        return {name: value for name, value in object_of(body).items() if value is not None}
    return {"image": body}


def _form(kind: str, body: bytes) -> dict:
    boundary = b"--" + kind.partition("boundary=")[2].strip('"').encode()
    values, files = {}, []
    for part in body.split(boundary)[1:-1]:
        head, _blank, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        data = data.removesuffix(b"\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if b"filename=" in head:
            files.append(data)
        elif name:
            values[name[1].decode()] = data.decode()
    return values | ({"images": files} if len(files) > 1 else {"image": b"".join(files)})


def _document(model, answer, top_k, reference, explain) -> dict:
    ranked, about = model.ranked(answer["scores"], top_k), model.about
    document = {
        "prediction_id": answer["id"],
        "label": ranked[0]["label"],
        "score": ranked[0]["score"],
        "scores": ranked,
        "model_version": about["model_version"],
        "model_version_id": about["model_version_id"],
        "endpoint": about["endpoint"],
        "latency_ms": answer["ms"],
    }
    document |= {"evidence": answer["evidence"]} if explain else {}
    return document | ({"reference": reference} if reference else {})


class Handler(BaseHTTPRequestHandler):
    """One request; `model` is set before the server starts."""

    protocol_version = "HTTP/1.1"
    model: Model

    def do_GET(self):
        self._reply(lambda: as_json(self._shown(self._path())))

    def do_POST(self):
        self._reply(self._asked)

    def _shown(self, path: str) -> dict:
        if path in ("/livez", "/readyz", "/v2/health/live"):
            return {"live": True}
        if path in ("/v2/health/ready", *(f"{model}/ready" for model in self._models())):
            return {"ready": True, "name": self.model.name}
        if path == "/v2":
            return {"name": "lepton-bundle", "version": "1", "extensions": ["binary_tensor_data"]}
        if path in self._models():
            return open_inference.described(self.model)
        raise Refused(404, "There is nothing at this address.")

    def _asked(self) -> tuple[bytes, dict]:
        size, path = int(self.headers.get("Content-Length") or 0), self._path()
        if size > MOST_BYTES:
            self.close_connection = True
            raise Refused(413, f"The request is larger than {MOST_BYTES} bytes.")
        body, query = self.rfile.read(size), urlsplit(self.path).query
        if path == "/predict":
            return native(self.model, self.headers, query, body)
        if path in {f"{model}/infer" for model in self._models()}:
            return open_inference.infer(self.model, self.headers, query, body)
        raise Refused(404, "There is nothing at this address.")

    def _path(self) -> str:
        return PREFIX.sub("", urlsplit(self.path).path).rstrip("/")

    def _models(self) -> tuple[str, str]:
        model = f"/v2/models/{self.model.name}"
        return model, f"{model}/versions/{self.model.version}"

    def _reply(self, make) -> None:
        try:
            status, (body, headers) = 200, make()
        except Refused as refused:
            status = refused.status
            body, headers = as_json({"status": status, "error": str(refused)})
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, zlib.error) as error:
            status, (body, headers) = 422, as_json({"status": 422, "error": f"Unreadable: {error}"})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """Nothing is logged for each request."""


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Answer for the model of this folder.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    Handler.model = Model(FOLDER)
    server = ThreadingHTTPServer((options.host, options.port), Handler)
    print(f"{Handler.model.name} answers on {options.host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
