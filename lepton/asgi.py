"""The web process: pages and API by Django, live pages by websocket, predictions passed on."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")
# A request has a thread of its own here: a connection kept for the next would serve nobody.
settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
django_application = get_asgi_application()  # loads the apps, so it comes before what needs them

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from lepton.concurrency import LimitConcurrency  # noqa: E402
from lepton.forward import ForwardPredictions  # noqa: E402
from lepton.lib import tracing  # noqa: E402
from lepton.limits import LimitBodies  # noqa: E402
from lepton.live import BoardConsumer, LiveConsumer  # noqa: E402

tracing.start("web")
site = ForwardPredictions(LimitBodies(LimitConcurrency(django_application)))
application = ProtocolTypeRouter(
    {
        "http": site,
        "lifespan": site,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        path("live/", BoardConsumer.as_asgi()),
                        path("live/<slug:tenant>/", LiveConsumer.as_asgi()),
                    ]
                )
            )
        ),
    }
)
