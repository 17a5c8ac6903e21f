"""REST clients of the demo: a customer's program with an API key, and people who signed in."""

import time
from pathlib import Path

import httpx

SIGN_IN = "/account/login/"
HTMX = {"HX-Request": "true"}


class Refused(RuntimeError):
    """The API said no; `problem` is what it answered."""

    def __init__(self, response: httpx.Response):
        where = f"{response.request.method} {response.request.url.path}"
        super().__init__(f"{where} answered {response.status_code}: {response.text[:400]}")
        self.status = response.status_code
        is_problem = "json" in response.headers.get("content-type", "")
        self.problem = response.json() if is_problem else {}


class Caller:
    """Calls the API of one tenant."""

    def __init__(self, site: str, tenant: str):
        self.base = f"{site}/api/v1/tenants/{tenant}"
        self.http = httpx.Client(timeout=120)
        self.links = httpx.Client(timeout=30, base_url=site)  # signed links need no key

    def get(self, path: str) -> dict:
        return _answer(self.http.get(f"{self.base}/{path}"))

    def every(self, path: str) -> list[dict]:
        """All rows of a list, the newest first, page after page."""
        mark = "&" if "?" in path else "?"
        page = self.get(f"{path}{mark}limit=500")
        rows = page["results"]
        while page["next"]:
            page = _answer(self.http.get(page["next"]))
            rows += page["results"]
        return rows

    def rows(self, path: str) -> list[dict]:
        """The first 500 rows of a list, the oldest first."""
        mark = "&" if "?" in path else "?"
        return self.get(f"{path}{mark}limit=500")["results"][::-1]

    def post(self, path: str, **body) -> dict:
        return _answer(self.http.post(f"{self.base}/{path}", json=body, headers=self.headers()))

    def patch(self, path: str, **body) -> dict:
        return _answer(self.http.patch(f"{self.base}/{path}", json=body, headers=self.headers()))

    def send(self, path: str, files: dict, **fields) -> dict:
        """Send files as a form."""
        sent = self.http.post(
            f"{self.base}/{path}", files=files, data=fields, headers=self.headers()
        )
        return _answer(sent)

    def upload(self, path: str, archive: Path, splits: Path | None = None) -> dict:
        """Send an archive as a form, with its splits file where there is one."""
        with archive.open("rb") as file:
            files = {"file": (archive.name, file, "application/zip")}
            if splits:
                files["splits"] = ("splits.csv", splits.read_bytes(), "text/csv")
            return self.send(path, files)

    def download(self, path: str) -> bytes:
        """A file of the API itself."""
        return self.http.get(f"{self.base}/{path}").raise_for_status().content

    def fetch(self, url: str) -> bytes:
        """Follow a signed link."""
        return self.links.get(url).raise_for_status().content

    def wait(self, path: str, *, until, seconds: float = 3600) -> dict:
        """Poll `path` until `until(row)` holds, and return the row."""
        end = time.monotonic() + seconds
        while not until(row := self.get(path)):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} is still {row.get('state')} after {seconds:g} s.")
            time.sleep(0.3)
        return row

    def headers(self) -> dict:
        """What a write carries besides."""
        return {}


class Client(Caller):
    """A customer's program: an API key, and the endpoints it opens."""

    def __init__(self, site: str, inference: str, tenant: str, key: str):
        super().__init__(site, tenant)
        self.endpoints = f"{inference}/v1/endpoints/{tenant}"
        self.key = key
        self.http.headers["Authorization"] = f"Bearer {key}"

    def predict(self, endpoint: str, image: bytes, **params) -> dict:
        url = f"{self.endpoints}/{endpoint}/predict"
        return _answer(self.http.post(url, content=image, params=params))


class Person(Caller):
    """Somebody who signed in on the site's own page, as a browser does."""

    def __init__(self, site: str, tenant: str, email: str, password: str):
        super().__init__(site, tenant)
        self.pages = f"{site}/t/{tenant}"
        page = f"{site}{SIGN_IN}"
        self.http.get(page).raise_for_status()
        form = {"login": email, "password": password}
        answer = self.http.post(page, data=form, headers=self.headers() | {"Referer": page})
        if answer.status_code != 302:
            raise RuntimeError(f"{email} could not sign in: {answer.status_code}")

    def fragment(self, path: str) -> str:
        """Part of a page, as htmx asks for it."""
        return self._html(self.http.get(f"{self.pages}/{path}", headers=HTMX))

    def press(self, address: str, **form) -> str:
        """Send a form of a page, and return the fragment that takes its place."""
        headers = self.headers() | HTMX | {"Referer": self.pages}
        site = self.pages.partition("/t/")[0]
        return self._html(self.http.post(f"{site}{address}", data=form, headers=headers))

    def _html(self, response: httpx.Response) -> str:
        if response.is_error:
            raise Refused(response)
        return response.text

    def headers(self) -> dict:
        return {"X-CSRFToken": self.http.cookies["csrftoken"]}


def _answer(response: httpx.Response) -> dict:
    if response.is_error:
        raise Refused(response)
    return response.json()
