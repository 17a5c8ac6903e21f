"""The site asks an endpoint on behalf of a signed-in user, as any client would."""

import httpx
from django.utils.translation import gettext as _

from lepton.lib.inference import inference_backend
from serving import tokens
from serving.models import Prediction

SECONDS, PULSE_SECONDS = 30, 2


class NotAnswered(Exception):
    """The endpoint refused; the text is its own sentence for people."""


def ask(endpoint, image: bytes, *, user) -> dict:
    """Send an image and return the answer, with where it was seen. Raises NotAnswered."""
    return _asked(endpoint, image, tokens.sign(endpoint, user=user), explain="true")


def ask_in_drill(endpoint, image: bytes, *, drill_id) -> dict:
    """Send an image on behalf of a rollback drill and return the answer. Raises NotAnswered."""
    sign = tokens.signer(endpoint, asker_id=drill_id, source=Prediction.Source.DRILL)
    return _asked(endpoint, image, sign())


def _asked(endpoint, image, token, **params) -> dict:
    url = f"{inference_backend()}{endpoint.predict_path}"
    headers = {"Authorization": f"Bearer {token}", "X-Request-Timeout": str(SECONDS)}
    sent = {"content": image, "headers": headers, "params": params}
    try:
        response = httpx.post(url, **sent, timeout=SECONDS)
        document = response.json()
    except (httpx.HTTPError, ValueError):
        message = _("Predictions cannot be answered right now: try again in a moment.")
        raise NotAnswered(message) from None
    if response.status_code != 200:
        raise NotAnswered(document["error"])
    return document


def pulse(endpoint) -> dict | None:
    """What the data plane counted of an endpoint in the last minute; None if it does not answer."""
    url = f"{inference_backend()}{endpoint.predict_path.removesuffix('predict')}pulse"
    headers = {"Authorization": f"Bearer {tokens.sign_look(endpoint)}"}
    try:
        response = httpx.get(url, headers=headers, timeout=PULSE_SECONDS)
        return response.json() if response.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None
