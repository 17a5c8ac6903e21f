"""A REST client of the demo: what a customer's program would be, in a few lines."""

import time
from pathlib import Path

import httpx


class Client:
    """Calls the API of one tenant, and its endpoints, with an API key."""

    def __init__(self, site: str, inference: str, tenant: str, key: str):
        self.base = f"{site}/api/v1/tenants/{tenant}"
        self.endpoints = f"{inference}/v1/endpoints/{tenant}"
        self.http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def get(self, path: str) -> dict:
        return _answer(self.http.get(f"{self.base}/{path}"))

    def post(self, path: str, **body) -> dict:
        return _answer(self.http.post(f"{self.base}/{path}", json=body))

    def upload(self, path: str, archive: Path, splits: Path | None) -> dict:
        """Send an archive as a form, with its splits file where there is one."""
        with archive.open("rb") as file:
            files = {"file": (archive.name, file, "application/zip")}
            if splits:
                files["splits"] = ("splits.csv", splits.read_bytes(), "text/csv")
            return _answer(self.http.post(f"{self.base}/{path}", files=files))

    def predict(self, endpoint: str, image: bytes) -> dict:
        return _answer(self.http.post(f"{self.endpoints}/{endpoint}/predict", content=image))

    def fetch(self, url: str) -> bytes:
        """Follow a signed link."""
        return httpx.get(url, timeout=30).raise_for_status().content

    def wait(self, path: str, *, until, seconds: float = 3600) -> dict:
        """Poll `path` until `until(row)` holds, and return the row."""
        end = time.monotonic() + seconds
        while not until(row := self.get(path)):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} is still {row.get('state')} after {seconds:g} s.")
            time.sleep(0.3)
        return row


def _answer(response: httpx.Response) -> dict:
    if response.is_error:
        where = f"{response.request.method} {response.request.url.path}"
        raise RuntimeError(f"{where} answered {response.status_code}: {response.text[:400]}")
    return response.json()
