"""Where this machine reaches the data plane."""

from django.conf import settings

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104, not bound to


def inference_backend() -> str:
    """Return the base URL of the inference process, without a slash at its end."""
    if settings.LEPTON_INFERENCE_BACKEND:
        return settings.LEPTON_INFERENCE_BACKEND.rstrip("/")
    host = EVERYWHERE.get(settings.LEPTON_HOST, settings.LEPTON_HOST)
    return f"http://{host}:{settings.LEPTON_INFERENCE_PORT}"
