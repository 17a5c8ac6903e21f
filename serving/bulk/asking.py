"""A worker asks the data plane about one image after another, and gives way to everybody else."""

import time
from collections.abc import Callable

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from lepton.lib.inference import inference_backend
from serving import tokens
from serving.bulk.models import BulkPrediction, BulkRow

ANSWER_SECONDS = 60  # what the data plane may take for one image
PATIENCE_SECONDS = 120.0  # how long no answer at all is borne
PAUSE_SECONDS = 1.0
NOTHING = 0  # no answer at all
NOT_NOW = (NOTHING, 409, 429, 503)


class Stopped(Exception):
    """The worker was told to stop while it waited."""


class NoAnswer(Exception):
    """The data plane does not answer: it is tried again later."""


class Gone(Exception):
    """The endpoint takes no more questions; the text says why, in words for people."""


class Asker:
    """Asks for one bulk prediction; its methods may be called by several threads."""

    def __init__(self, bulk: BulkPrediction, should_stop: Callable[[], bool]):
        self.bulk, self.should_stop = bulk, should_stop
        self.url = f"{inference_backend()}{bulk.endpoint.predict_path}"
        self.client = httpx.Client(timeout=ANSWER_SECONDS + 5)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.client.close()

    def row(self, position: int, path: str, reference: str, data: bytes | None, error: str = ""):
        """Return the BulkRow of an image, with its answer or `error`.

        Raises Stopped, NoAnswer and Gone.
        """
        facts = {"tenant_id": self.bulk.tenant_id, "parent_id": self.bulk.pk}
        facts |= {"position": position, "path": path[:500], "reference": reference}
        if not error and len(data) > settings.LEPTON_MAX_REQUEST_BYTES:
            error = _("The image is larger than what the endpoint takes.")
        if error:
            return BulkRow(**facts, error=error)
        response = self._insist(position, reference, data)
        document = response.json()
        if response.status_code != 200:
            return BulkRow(**facts, error=document["error"])
        scores = {one["label"]: one["score"] for one in document["scores"]}
        names = ("prediction_id", "label", "score", "model_version")
        return BulkRow(**facts, scores=scores, **{name: document[name] for name in names})

    def _insist(self, position: int, reference: str, data: bytes) -> httpx.Response:
        """Ask until there is an answer or a refusal that will not change."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            response = self._ask(position, reference, data)
            status = NOTHING if response is None else response.status_code
            if status in (401, 403, 404):
                raise Gone(response.json()["error"])
            if status not in NOT_NOW:
                return response
            if time.monotonic() > until:
                raise NoAnswer(_("The endpoint has not answered for too long."))
            self._wait(response)

    def _ask(self, position: int, reference: str, data: bytes) -> httpx.Response | None:
        """What the data plane says; None if it cannot be reached."""
        token = tokens.sign_bulk(self.bulk.endpoint, user_id=self.bulk.created_by_id)
        headers = {
            "Authorization": f"Bearer {token}",
            "X-Request-Timeout": str(ANSWER_SECONDS),
            "Idempotency-Key": f"bulk-{self.bulk.pk}-{position}",  # a second attempt asks the same
        }
        params = {"reference": reference}
        try:
            return self.client.post(self.url, content=data, headers=headers, params=params)
        except httpx.TransportError:
            return None

    def _wait(self, response: httpx.Response | None) -> None:
        """As long as the refusal says, in steps in which a stop is noticed."""
        asked_for = response.headers.get("retry-after", "") if response is not None else ""
        until = time.monotonic() + (int(asked_for) if asked_for.isdigit() else PAUSE_SECONDS)
        while time.monotonic() < until:
            if self.should_stop():
                raise Stopped
            time.sleep(0.1)
